// What every Node driver needs; the counterpart of judge.py. The job comes as JSON on standard input, a result
// goes out as one line of JSON. Clients are loaded from the environment that the job names.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

export const RETURN_URL = 'http://127.0.0.1:1/back?mine=1';

export class Judge {
  #job = JSON.parse(readFileSync(0, 'utf8'));
  #numbers = 0;
  #require = createRequire(`${this.#job.environment}/package.json`);

  // `versionOf` tells the version of a client that npm did not install.
  constructor(distribution, versionOf = null) {
    this.client = this.#job.client;
    this.baseUrl = this.#job.base_url;
    this.merchants = this.#job.merchants;
    const manifest = `${this.#job.environment}/node_modules/${distribution}/package.json`;
    const version = versionOf ? versionOf(this.#job) : JSON.parse(readFileSync(manifest, 'utf8')).version;
    this.#print({ version });
  }

  load(name) {
    return this.#require(name);
  }

  // What the function does is the proof; anything it throws is the failure.
  async proves(operations, prove) {
    let detail = '';
    try {
      await prove();
    } catch (error) {
      detail = `${error.name}: ${error.message}`;
    }
    for (const operation of operations.split(' ')) this.#print({ operation, ok: !detail, detail });
  }

  number(kind = '') {
    this.#numbers += 1;
    return `${this.#job.prefix}${kind}${String(this.#numbers).padStart(6, '0')}`;
  }

  notifyUrl(tag) {
    return `${this.#job.notify_url}/${this.client}/${tag}`;
  }

  // The latest notification at that address, as soon as there have been `count`.
  async received(tag, count = 1) {
    const address = this.#job.notify_url.replace('/notify', '/received');
    const found = await json(`${address}/${this.client}/${tag}?count=${count}`);
    const query = Object.fromEntries(new URLSearchParams(found.query));
    return { headers: found.headers, body: Buffer.from(found.body, 'base64').toString('utf8'), query };
  }

  // What the receiver answers at that address from now on.
  replyWith(tag, body) {
    const address = this.#job.notify_url.replace('/notify', '/reply');
    return json(`${address}/${this.client}/${tag}`, body);
  }

  control(path, body) {
    return json(`${this.baseUrl}/_sim/${path}`, body);
  }

  // The merchant's settings as they are now.
  merchant(pid) {
    return json(`${this.baseUrl}/_sim/merchants/${pid}`);
  }

  // An order as the simulator has it.
  order(outTradeNo) {
    return json(`${this.baseUrl}/_sim/orders/${outTradeNo}`);
  }

  pay(outTradeNo) {
    return this.control('pay', { out_trade_no: outTradeNo });
  }

  advance(seconds) {
    return this.control('clock', { advance_seconds: seconds });
  }

  spoilNextAnswer(outTradeNo) {
    return this.control('faults', { fault: 'bad_signature', match: { out_trade_no: outTradeNo } });
  }

  spoilNextNotification(outTradeNo) {
    const match = { operation: '*.notify', out_trade_no: outTradeNo };
    return this.control('faults', { fault: 'bad_signature', match });
  }

  // Hands an order string to the phone's Alipay, which pays; the app gets this signed JSON text back.
  async appPay(orderString) {
    const done = await this.control('alipay/app-pay', { order_string: orderString });
    expect(done.resultStatus, '9000');
    return done.result;
  }

  // Presses the page's button; the query of the address that the browser is sent back to.
  async payAtCashier(page) {
    const body = new URLSearchParams({ choice: 'pay' });
    const action = `${this.baseUrl}${page.match(/action="([^"]*)"/)[1]}`;
    const answer = await fetch(action, { method: 'POST', body, redirect: 'manual' });
    expect(answer.status, 302);
    return Object.fromEntries(new URL(answer.headers.get('Location')).searchParams);
  }

  #print(fields) {
    process.stdout.write(`${JSON.stringify({ client: this.client, ...fields })}\n`);
  }
}

export function expect(found, wanted) {
  if (!isDeepStrictEqual(found, wanted)) {
    throw new Error(`expected ${JSON.stringify(wanted)}, got ${JSON.stringify(found)}`);
  }
}

export function demand(holds, shown) {
  if (!holds) throw new Error(`unexpected: ${JSON.stringify(shown)}`);
}

// The client's own error that the promise ends in.
export async function refused(promise) {
  const outcome = await promise.then((value) => ({ value }), (error) => ({ error }));
  if (!outcome.error) throw new Error(`it was accepted: ${JSON.stringify(outcome.value)}`);
  return outcome.error;
}

async function json(url, body) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const options = body && { method: 'POST', body: text };
  const answer = await fetch(url, options);
  const said = await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${said}`);
  return JSON.parse(said);
}
