// node-easywechat as judge of virtual payment's surroundings: tokens, logins, and the cipher of message push.
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demand, expect, Judge, refused } from '../judge.mjs';

const judge = new Judge('node-easywechat');
const { MiniApp, OfficialAccount } = judge.load('node-easywechat');

// It keeps its tokens in files where it runs.
const folder = mkdtempSync(join(tmpdir(), 'interop-'));
process.chdir(folder);
process.on('exit', () => rmSync(folder, { recursive: true }));

const node = judge.merchants.default['wxpay-virtual']['mp-weixin'];
const hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex');

function app(changes = {}) {
  return new MiniApp({
    app_id: node.appId,
    secret: node.secret,
    token: node.token,
    aes_key: node.encodingAESKey,
    http: { baseURL: `${judge.baseUrl}/`, timeout: 10000 },
    ...changes,
  });
}

const uncached = (changes) => app(changes).getAccessToken();
const encryptor = app().getEncryptor();
let session = {};

const settings = (push) => judge.control('wxpay-virtual/account', { push });

// An order that is paid; the client does not offer what the phone is called with.
async function paid(number = judge.number('virtual')) {
  const signData = JSON.stringify({
    offerId: node.offerId,
    buyQuantity: 1,
    env: 0,
    currencyType: 'CNY',
    productId: 'vip30',
    goodsPrice: 990,
    outTradeNo: number,
    attach: '附言',
  });
  const done = await judge.control('wxpay-virtual/request-virtual-payment', {
    openid: session.openid,
    mode: 'short_series_goods',
    signData,
    paySig: hmac(node.appKey, `requestVirtualPayment&${signData}`),
    signature: hmac(session.session_key, signData),
    action: 'open',
  });
  expect(done.errCode, 0);
  await judge.pay(number);
  return number;
}

// The message of an encrypted push.
function opened({ body, query }) {
  const sealed = body.startsWith('{') ? JSON.parse(body).Encrypt : /<Encrypt><!\[CDATA\[(.*)\]\]>/.exec(body)[1];
  return encryptor.decrypt(sealed, query.msg_signature, query.nonce, query.timestamp);
}

await judge.proves('access_token', async () => {
  demand((await uncached().refresh()).length > 100, 'a token');
});
await judge.proves('stable_token', async () => {
  const stable = uncached({ use_stable_access_token: true });
  const first = await stable.refresh();
  expect(await stable.refresh(), first);
  const forced = await stable.getStableAccessToken(true);
  demand(forced !== first, forced);
});
await judge.proves('session', async () => {
  const { code } = await judge.control('login', { appid: node.appId });
  session = await app().getUtils().codeToSession(code);
  expect(session.session_key.length, 24);
});
await judge.proves('page_login', async () => {
  const { appId: app_id, secret } = judge.merchants.default.wxpay['h5-weixin'];
  const user = await judge.control('login', { appid: app_id });
  const page = new OfficialAccount({ app_id, secret }).getOAuth();
  page._baseUrl = `${judge.baseUrl}/sns`;
  const token = async () => (await page.getTokenFromCode(user.code)).data;
  expect((await token()).openid, user.openid);
  expect((await token()).errcode, 40163);
});
await judge.proves('wrong_secret', async () => {
  const error = await refused(uncached({ secret: 'wrong' }).refresh());
  demand(error.message.includes('40125'), error.message);
});
await judge.proves('push_json', async () => {
  await settings({ url: judge.notifyUrl('json'), mode: 'secure', format: 'json' });
  const number = await paid();
  const event = JSON.parse(opened(await judge.received('json')));
  expect([event.OutTradeNo, event.GoodsInfo.Attach], [number, '附言']);
});
await judge.proves('push_xml', async () => {
  await settings({ url: judge.notifyUrl('xml'), format: 'xml' });
  const number = await paid();
  const message = opened(await judge.received('xml'));
  demand(message.includes(`<OutTradeNo><![CDATA[${number}]]></OutTradeNo>`), message);
});
await judge.proves('push_tampered', async () => {
  await settings({ url: judge.notifyUrl('tampered') });
  const number = judge.number('virtual');
  await judge.spoilNextNotification(number);
  await paid(number);
  const push = await judge.received('tampered');
  const error = await refused(Promise.resolve().then(() => opened(push)));
  expect(error.message, 'Invalid Signature.');
});
await judge.proves('push_other_app', async () => {
  await settings({ url: judge.notifyUrl('other'), wrong_appid: true });
  await paid();
  const push = await judge.received('other');
  const error = await refused(Promise.resolve().then(() => opened(push)));
  expect(error.message, 'Invalid appId.');
  await settings({ wrong_appid: false });
});
await judge.proves('reply', async () => {
  for (const [code, state] of [[0, 'DELIVERED'], [1, 'DELIVERING']]) {
    const tag = `reply-${code}`;
    await judge.replyWith(tag, encryptor.encrypt(`<xml><ErrCode>${code}</ErrCode></xml>`, 'nonce1', 1767196802));
    await settings({ url: judge.notifyUrl(tag), format: 'xml' });
    const number = await paid();
    expect((await judge.order(number)).state, state);
  }
});
await judge.proves('push_refund', async () => {
  await settings({ url: judge.notifyUrl('refund'), format: 'json' });
  const number = await paid();
  const body = JSON.stringify({
    openid: session.openid,
    env: 0,
    order_id: number,
    refund_order_id: `${number}-1`,
    left_fee: 990,
    refund_fee: 990,
    biz_meta: '',
    refund_reason: '3',
    req_from: '2',
  });
  // The call is signed here: the client has none of them, but adds its access token.
  const answer = (await app().getClient().request('POST', '/xpay/refund_order', {
    params: { pay_sig: hmac(node.appKey, `/xpay/refund_order&${body}`) },
    data: body,
    headers: { 'Content-Type': 'application/json' },
  })).toObject();
  expect(answer.refund_order_id, `${number}-1`);
  await judge.advance(3);
  const event = JSON.parse(opened(await judge.received('refund', 2)));
  expect([event.Event, event.MchOrderId, event.RetCode], ['xpay_refund_notify', number, 0]);
});
