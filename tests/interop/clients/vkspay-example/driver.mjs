// VksPay's own public example, a uniCloud cloud object, as judge. Its files are loaded as they are; what uniCloud gives to
// such an object (an HTTP client, a database, who is calling) is played here, and the gateway's host is the simulator's.
import { readFileSync } from 'node:fs';

import { demand, expect, Judge } from '../judge.mjs';

const FOLDER = './repo/uniCloud-aliyun/cloudfunctions/vkspay-test';
const GATEWAY = 'https://vk-spay-openapi.fsq.pub';
const ACCEPTED = { code: 'SUCCESS', msg: 'SUCCESS' };

const judge = new Judge('vkspay-example', ({ environment }) => readFileSync(`${environment}/stamp`, 'utf8').trim().slice(0, 7));
const node = judge.merchants.default.vkspay;
const kept = new Map();
const said = [];

globalThis.uniCloud = {
  database: () => ({
    command: {},
    collection: () => ({
      doc: (id) => ({
        set: async (row) => {
          const updated = kept.has(id) ? 1 : 0;
          kept.set(id, row);
          return { updated };
        },
      }),
    }),
  }),
  httpclient: {
    request: async (url, { method, headers, data }) => {
      const address = url.replace(GATEWAY, judge.baseUrl);
      demand(address !== url && headers['content-type'].startsWith('application/json'), url);
      const answer = await fetch(address, { method, headers, body: JSON.stringify(data) });
      return { status: answer.status, data: await answer.json() };
    },
  },
};
// It writes what it does, and its signatures, where results go out.
console.log = (...parts) => said.push(parts.join(' '));

const config = judge.load(`${FOLDER}/config.js`);
const util = judge.load(`${FOLDER}/payUtil.js`);
const example = judge.load(`${FOLDER}/index.obj.js`);
config.merchantno = node.mchId;
config.key = node.key;

const call = (name, data, http = {}) => {
  const caller = {
    getClientInfo: () => ({ clientIP: '127.0.0.1', source: http.body ? 'http' : 'function' }),
    getHttpInfo: () => http,
  };
  return example[name].call(caller, data);
};
const succeeded = async (answer) => {
  const reply = await answer;
  expect(reply.return_code, 'SUCCESS');
  return reply;
};
const query = (number) => call('orderquery', { out_trade_no: number });

// The example's own order names an address of its author's, so one that is to be notified is signed with its functions.
async function notified(tag) {
  const data = util.objectKeySort({
    method: 'webpay',
    merchantno: config.merchantno,
    total_fee: '0.05',
    notify_url: judge.notifyUrl(tag),
    signaturenonce: util.getSignaturenonce(),
    timestamp: util.getTimestamp(),
    version: '2.0',
  });
  data.sign = util.md5(`${util.jsonToUrlString(data)}&key=${config.key}`);
  const headers = { 'content-type': 'application/json; charset=utf-8' };
  const reply = await succeeded(util.request({ url: `${GATEWAY}/api`, header: headers, data }));
  return reply.data.out_trade_no;
}
const notice = (body) => call('notice', {}, { body: Buffer.from(body).toString('base64'), isBase64Encoded: true });
const handled = () => said.some((line) => line.includes('自己的业务逻辑开始')) && !said.some((line) => line.includes('已拦截'));

let number;
await judge.proves('webpay', async () => {
  for (const fee of [0.1, '0.05', 0.01]) {
    const { data } = await succeeded(call('webpay', { total_fee: fee }));
    demand(data.qrcode.startsWith('http') && data.out_trade_no.startsWith(`${node.mchId}-`), data);
    number = data.out_trade_no;
  }
});
await judge.proves('query', async () => {
  demand((await query(number)).return_code !== 'SUCCESS', number);
  await judge.pay(number);
  await succeeded(query(number));
});
await judge.proves('refund refund_query', async () => {
  const refund = await succeeded(call('orderrefund', { out_trade_no: number, refund_fee: 0.01 }));
  demand(refund.out_refund_no.startsWith('R'), refund);
  await succeeded(call('orderrefundquery', { out_trade_no: number, out_refund_no: refund.out_refund_no }));
  demand((await call('orderrefundquery', { out_trade_no: number, out_refund_no: 'R1' })).return_code !== 'SUCCESS', number);
});
await judge.proves('refund_rest', async () => {
  const again = await call('orderrefund', { out_trade_no: number, refund_fee: 0.01 });
  demand(again.return_code !== 'SUCCESS' && again.return_msg, again);
});
await judge.proves('micropay', async () => {
  await succeeded(call('micropay', { total_fee: 0.1, auth_code: '134567890123456781' }));
  const waits = await call('micropay', { total_fee: 0.1, auth_code: '100167890123456781' });
  demand(waits.return_code !== 'SUCCESS', waits);
});
await judge.proves('notify_payment notify_twice', async () => {
  number = await notified('pay');
  await judge.pay(number);
  const { body } = await judge.received('pay', 2);
  said.length = 0;
  expect(await notice(body), ACCEPTED);
  demand(handled() && kept.has(number), said);
  said.length = 0;
  expect(await notice(body), ACCEPTED);
  demand(!handled(), said);
});
await judge.proves('notify_forged', async () => {
  number = await notified('forged');
  await judge.control('vkspay/forge', { out_trade_no: number });
  const { body } = await judge.received('forged', 2);
  said.length = 0;
  expect(await notice(body), ACCEPTED);
  demand(!handled() && !kept.has(number), said);
});
await judge.proves('wrong_key', async () => {
  config.key = 'f'.repeat(32);
  const reply = await call('webpay', { total_fee: 0.01 });
  demand(reply.return_code !== 'SUCCESS' && reply.return_msg, reply);
});
