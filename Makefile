# Everything a fresh machine needs is Python 3.11+ and make; each target sets up what it uses.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check format cover interop wheel bench bench-setup bench-quick clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'

$(VENV)/.run: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e '.[cli,simulator,huawei,fast,postgres,mysql]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) --group test --group check --group build
	@touch $@

demo: $(VENV)/.run ## every way of paying, against the simulator, offline; DATABASE=url keeps the orders there
	$(BIN)/vkpay demo $(if $(DATABASE),--database '$(DATABASE)')

test: $(VENV)/.dev ## the tests, in random order
	$(BIN)/python -m pytest -n $(WORKERS) -q

chaos: $(VENV)/.dev ## 2,000 payments on each of two databases while processes and database are killed: nothing lost, nothing twice
	VKPAY_CHAOS_ORDERS=$${VKPAY_CHAOS_ORDERS:-2000} $(BIN)/python -m pytest -q -s -o faulthandler_timeout=600 tests/chaos

check: $(VENV)/.dev ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

cover: $(VENV)/.dev ## the tests with branch coverage, and the floors it must not fall below
	$(BIN)/python -m pytest -n $(WORKERS) -q --cov --cov-report=
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --fail-under=100 --include='vkpay_async/crypto/*,*/providers/wxpay/*,*/providers/alipay/*,*/providers/appleiap/*,*/providers/wxpay_virtual/*,*/providers/douyin/*,*/providers/huawei/*,*/providers/huaweiiap/*,*/providers/vkspay/*'

interop: $(VENV)/.run ## other people's clients against the simulator; rewrites the README's table
	PYTHON=$(PYTHON) tests/interop/setup.sh
	$(BIN)/python tests/interop/run.py --update-readme

wheel: $(VENV)/.dev ## wheel and sdist, installed into an empty environment, and the demo from there
	rm -rf dist $(VENV)-wheel
	$(BIN)/python -m build --no-isolation --outdir dist .
	$(PYTHON) -m venv $(VENV)-wheel
	$(VENV)-wheel/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "$$(ls dist/*.whl)[cli,simulator,huawei]"
	cd dist && ../$(VENV)-wheel/bin/vkpay demo --json > demo.json && echo "the wheel's demo: ok"

BENCH := $(VENV)-bench
BENCH_PIP := -m pip install --quiet --disable-pip-version-check
PEERS := python-alipay-sdk alipay-sdk-python
QUESTIONS := notify micro client simulator flow ledger soak huawei

$(BENCH)/.ready: constraints.txt pyproject.toml benchmarks/requirements/bench.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python $(BENCH_PIP) -c constraints.txt -e '.[cli,simulator,huawei,fast,postgres,mysql]' -r benchmarks/requirements/bench.txt
	@touch $@

# Both call their module `alipay`.
$(BENCH)-%/.ready: benchmarks/requirements/%.txt
	$(PYTHON) -m venv $(BENCH)-$*
	$(BENCH)-$*/bin/python $(BENCH_PIP) -r $<
	@touch $@

bench-setup: $(BENCH)/.ready $(PEERS:%=$(BENCH)-%/.ready) ## the environments of the benchmarks: ours, and the peers'

NOTIFY := $(BENCH)/bin/python -m benchmarks notify

bench: bench-setup ## all benchmarks beside their floors and peers, a little more than half an hour; then the tables and pictures in the documents
	for question in $(QUESTIONS); do $(BENCH)/bin/python -m benchmarks $$question || exit 1; done
	$(NOTIFY) --store sqlite --slow-disk --only floor "one each" ours --concurrency 64
	$(NOTIFY) --store none postgres --only floor "one each" claim ours --concurrency 64
	$(NOTIFY) --store postgres --processes 2 --only floor "one each" claim ours --concurrency 64
	$(NOTIFY) --store none sqlite postgres --only floor ours fastapi --concurrency 1 8 64 256 --turns 1 --seconds 1.5
	$(NOTIFY) --store sqlite --only floor "one each" ours --rate 500 1000 2000 --turns 1 --seconds 5
	$(BENCH)/bin/python -m benchmarks report

bench-quick: bench-setup ## each benchmark for a second or two, so that none rots; keeps nothing
	for question in $(QUESTIONS); do $(BENCH)/bin/python -m benchmarks $$question --quick || exit 1; done

clean: ## remove environments and build results
	rm -rf $(VENV) $(VENV)-* dist .coverage* .mypy_cache .ruff_cache .hypothesis
