#!/bin/sh
# Gives each third-party client an environment of its own under .venv-interop/, and leaves one that is already
# right alone. Needs Python 3.11+, Node.js 18+ with npm, and the package registries the machine is set up for.
#
# No registry has VksPay's example (https://github.com/VksPay/VksPay): `setup.sh <a checkout of it>` takes that one over
# and does nothing else; `run.py --only vkspay-example` then has it judge.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
environments="$root/.venv-interop"
python=${PYTHON:-python3}

fingerprint() {
    cat "$@" | cksum
}

finish() {
    echo "$2" > "$environments/$1/stamp"
    echo "interop: $1 is ready"
}

with_python() {
    name=$1 wants="$here/clients/$1/requirements.txt"
    stamp="$("$python" --version) $(fingerprint "$wants")"
    [ "$(cat "$environments/$name/stamp" 2>/dev/null)" = "$stamp" ] && return
    rm -rf "${environments:?}/$name"
    "$python" -m venv "$environments/$name"
    "$environments/$name/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wants"
    finish "$name" "$stamp"
}

with_node() {
    name=$1 wants="$here/clients/$1/package.json"
    stamp="$(node --version) $(fingerprint "$wants")"
    [ "$(cat "$environments/$name/stamp" 2>/dev/null)" = "$stamp" ] && return
    rm -rf "${environments:?}/$name"
    mkdir -p "$environments/$name"
    cp "$wants" "$here/clients/$name/.npmrc" "$environments/$name/"
    (cd "$environments/$name" && npm install --loglevel=error --no-save --ignore-scripts)
    finish "$name" "$stamp"
}

from_checkout() {
    name=$1 checkout=$2
    rm -rf "${environments:?}/$name"
    mkdir -p "$environments/$name"
    git clone --quiet "$checkout" "$environments/$name/repo"
    echo '{"private": true}' > "$environments/$name/package.json"
    finish "$name" "$(git -C "$environments/$name/repo" rev-parse HEAD)"
}

if [ $# -gt 0 ]; then
    from_checkout vkspay-example "$1"
    exit
fi

command -v npm > /dev/null || {
    echo "interop: npm is missing; install Node.js 18 or newer, then run this again" >&2
    exit 1
}

with_python wechatpayv3
with_python python-alipay-sdk
with_python alipay-sdk-python
with_python wechatpy
with_python app-store-server-library
with_python bytedance
with_node wechatpay-axios-plugin
with_node alipay-sdk
with_node node-easywechat
with_node apple-app-store-server-library
