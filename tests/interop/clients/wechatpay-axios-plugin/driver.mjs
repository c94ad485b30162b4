// wechatpay-axios-plugin as judge.
import { demand, expect, Judge, refused } from '../judge.mjs';

const judge = new Judge('wechatpay-axios-plugin');
const { Wechatpay, Rsa, Aes, Formatter } = judge.load('wechatpay-axios-plugin');

const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o';
const PASSWORD_NEEDED = '130000000000000003'; // to the simulator: USERPAYING until the buyer pays
const REPORT = [
  { info_type: '活动名称', info_content: '新会员有礼' },
  { info_type: '奖励说明', info_content: '注册会员抽奖' },
];
const nodes = judge.merchants.default.wxpay;

// In public key mode the caller names the key in a header; the plugin's documentation leaves that to him.
function publicKeyMode(node, changes = {}) {
  const headers = { 'Wechatpay-Serial': node.wxpayPublicKeyId };
  return client(node, { [node.wxpayPublicKeyId]: node.wxpayPublicKeyContent }, { headers, ...changes });
}

function client(node, certs, changes = {}) {
  return new Wechatpay({
    baseURL: `${judge.baseUrl}/`,
    mchid: node.mchId,
    serial: node.serialNo,
    privateKey: node.appPrivateKeyContent,
    certs,
    timeout: 10000,
    ...changes,
  });
}

// The notification's content, checked and decrypted as the plugin's documentation does it.
function verified({ headers, body }, key, v3Key) {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const message = Formatter.response(named['wechatpay-timestamp'], named['wechatpay-nonce'], body);
  if (!Rsa.verify(message, named['wechatpay-signature'], Rsa.from(key, Rsa.KEY_TYPE_PUBLIC))) return null;
  const { resource, ...event } = JSON.parse(body);
  const { ciphertext, nonce, associated_data: aad } = resource;
  return { ...event, resource: JSON.parse(Aes.AesGcm.decrypt(ciphertext, v3Key, nonce, aad)) };
}

function order(number, node, changes = {}) {
  return {
    appid: node.appId,
    mchid: node.mchId,
    description: 'interop 测试',
    out_trade_no: number,
    notify_url: judge.notifyUrl('pay'),
    amount: { total: 100, currency: 'CNY' },
    ...changes,
  };
}

const query = (wxpay, number, mchid = nodes.h5.mchId) => wxpay.v3.pay.transactions.outTradeNo.$out_trade_no$
  .get({ params: { mchid }, out_trade_no: number });
const close = (wxpay, number, body) => wxpay.v3.pay.transactions.outTradeNo.$out_trade_no$.close
  .post(body, { out_trade_no: number });

async function payment(wxpay, node, number) {
  await judge.proves('native public_key_mode', async () => {
    const { data } = await wxpay.v3.pay.transactions.native.post(order(number, node, { attach: 'a&b=中' }));
    expect(data.code_url.slice(0, 9), 'weixin://');
  });
  let paid;
  await judge.proves('query', async () => {
    expect((await query(wxpay, number)).data.trade_state, 'NOTPAY');
    await judge.pay(number);
    paid = (await query(wxpay, number)).data;
    expect([paid.trade_state, paid.amount.total, paid.attach], ['SUCCESS', 100, 'a&b=中']);
  });
  await judge.proves('query_by_id', async () => {
    const { data } = await wxpay.v3.pay.transactions.id.$transaction_id$
      .get({ params: { mchid: node.mchId }, transaction_id: paid.transaction_id });
    expect(data, paid);
  });
  let arrived;
  await judge.proves('notify_payment', async () => {
    arrived = await judge.received('pay');
    const event = verified(arrived, node.wxpayPublicKeyContent, node.v3Key);
    expect([event.event_type, event.resource.out_trade_no], ['TRANSACTION.SUCCESS', number]);
  });
  await judge.proves('notify_tampered', async () => {
    const body = arrived.body.replace('"ciphertext":"', '"ciphertext":"A');
    demand(body !== arrived.body, arrived.body);
    expect(verified({ ...arrived, body }, node.wxpayPublicKeyContent, node.v3Key), null);
    const other = judge.number();
    await wxpay.v3.pay.transactions.native.post(order(other, node, { notify_url: judge.notifyUrl('spoilt') }));
    await judge.spoilNextNotification(other);
    await judge.pay(other);
    expect(verified(await judge.received('spoilt'), node.wxpayPublicKeyContent, node.v3Key), null);
  });
}

async function refunds(wxpay, node, number) {
  const outRefundNo = judge.number('r');
  await judge.proves('refund', async () => {
    const { data } = await wxpay.v3.refund.domestic.refunds.post({
      out_trade_no: number,
      out_refund_no: outRefundNo,
      reason: '少发一件',
      notify_url: judge.notifyUrl('refund'),
      amount: { refund: 30, total: 100, currency: 'CNY' },
    });
    expect([data.status, data.amount.refund], ['PROCESSING', 30]);
  });
  await judge.proves('refund_query', async () => {
    await judge.advance(2);
    const { data } = await wxpay.v3.refund.domestic.refunds.$out_refund_no$.get({ out_refund_no: outRefundNo });
    expect([data.status, data.out_trade_no], ['SUCCESS', number]);
    expect((await query(wxpay, number)).data.trade_state, 'REFUND');
  });
  await judge.proves('notify_refund', async () => {
    const event = verified(await judge.received('refund'), node.wxpayPublicKeyContent, node.v3Key);
    expect([event.event_type, event.resource.refund_status], ['REFUND.SUCCESS', 'SUCCESS']);
  });
}

async function rest(wxpay, number) {
  const refund = (amount) => wxpay.v3.refund.domestic.refunds.post({
    out_trade_no: number,
    out_refund_no: judge.number('r'),
    notify_url: judge.notifyUrl('rest'),
    amount: { refund: amount, total: 100, currency: 'CNY' },
  });
  await judge.proves('refund_rest', async () => {
    await judge.advance(60);
    const failed = await refused(refund(71));
    expect([failed.response.status, failed.response.data.code], [400, 'INVALID_REQUEST']);
    expect((await refund(70)).data.amount.payer_refund, 70);
  });
}

// What the create call gave for an order that was then paid.
async function bought(wxpay, product, tradeType, node, changes = {}) {
  const number = judge.number();
  const body = order(number, node, { notify_url: judge.notifyUrl('products'), ...changes });
  const { data } = await wxpay.v3.pay.transactions[product].post(body);
  await judge.pay(number);
  const { data: paid } = await query(wxpay, number);
  expect([paid.trade_state, paid.trade_type], ['SUCCESS', tradeType]);
  return data;
}

async function products(wxpay) {
  const scene = { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } };
  await judge.proves('jsapi', async () => {
    const made = await bought(wxpay, 'jsapi', 'JSAPI', nodes['mp-weixin'], { payer: { openid: OPENID } });
    expect(made.prepay_id.slice(0, 2), 'wx');
  });
  await judge.proves('app', async () => {
    expect((await bought(wxpay, 'app', 'APP', nodes['app-plus'])).prepay_id.slice(0, 2), 'wx');
  });
  await judge.proves('h5', async () => {
    const made = await bought(wxpay, 'h5', 'MWEB', nodes.mweb, { scene_info: scene });
    expect(made.h5_url.slice(0, 8), 'https://');
  });
}

async function codepay(wxpay, node) {
  const [atOnce, asked] = [judge.number(), judge.number()];
  const scanned = (number, authCode) => {
    const { notify_url: _, ...body } = order(number, node);
    const counter = { payer: { auth_code: authCode }, scene_info: { store_info: { id: '0001' } } };
    return wxpay.v3.pay.transactions.codepay.post({ ...body, ...counter });
  };
  await judge.proves('codepay', async () => {
    expect((await scanned(atOnce, '130000000000000000')).data.trade_state, 'SUCCESS');
    const waiting = await scanned(asked, PASSWORD_NEEDED);
    expect([waiting.status, waiting.data.trade_state], [202, 'USERPAYING']);
    await judge.pay(asked);
    expect((await query(wxpay, asked)).data.trade_state, 'SUCCESS');
  });
  await judge.proves('reverse', async () => {
    await judge.advance(15);
    const { data } = await wxpay.v3.pay.transactions.outTradeNo.$out_trade_no$.reverse
      .post({ appid: node.appId, mchid: node.mchId }, { out_trade_no: atOnce });
    expect(data.out_trade_no, atOnce);
  });
}

async function transfers(wxpay, node) {
  const bills = wxpay.v3.fundApp.mchTransfer.transferBills;
  const bill = (number) => bills.post({
    appid: node.appId,
    out_bill_no: number,
    transfer_scene_id: '1000',
    openid: OPENID,
    user_name: Rsa.encrypt('张三', node.wxpayPublicKeyContent),
    transfer_amount: 30000,
    transfer_remark: '奖励',
    notify_url: judge.notifyUrl('transfer'),
    transfer_scene_report_infos: REPORT,
  });
  const number = judge.number('t');
  let made;
  let encryptedName;
  await judge.proves('transfer', async () => {
    made = (await bill(number)).data;
    expect(made.state, 'WAIT_USER_CONFIRM');
    demand(made.package_info, made);
  });
  await judge.proves('transfer_query', async () => {
    const { data } = await bills.outBillNo.$out_bill_no$.get({ out_bill_no: number });
    expect([data.state, data.transfer_amount], ['WAIT_USER_CONFIRM', 30000]);
    encryptedName = data.user_name;
    const again = await bills.transferBillNo.$no$.get({ no: made.transfer_bill_no });
    expect(again.data.out_bill_no, number);
  });
  await judge.proves('sensitive', async () => {
    expect(Rsa.decrypt(encryptedName, Rsa.from(node.appPrivateKeyContent)), '张三');
  });
  await judge.proves('notify_transfer', async () => {
    await judge.control('transfer', { out_bill_no: number, outcome: 'confirm' });
    const event = verified(await judge.received('transfer'), node.wxpayPublicKeyContent, node.v3Key);
    expect([event.event_type, event.resource.state], ['MCHTRANSFER.BILL.FINISHED', 'SUCCESS']);
  });
  await judge.proves('transfer_cancel', async () => {
    const other = judge.number('t');
    await bill(other);
    const { data } = await bills.outBillNo.$out_bill_no$.cancel.post(undefined, { out_bill_no: other });
    demand(['CANCELING', 'CANCELLED'].includes(data.state), data);
  });
}

async function closing(wxpay, node) {
  await judge.proves('close', async () => {
    const number = judge.number();
    await wxpay.v3.pay.transactions.native.post(order(number, node));
    expect((await close(wxpay, number, { mchid: node.mchId })).status, 204);
    expect((await query(wxpay, number)).data.trade_state, 'CLOSED');
  });
}

async function errors(wxpay, node, number) {
  await judge.proves('business_error', async () => {
    const missing = await refused(query(wxpay, 'nosuchorder'));
    expect([missing.name, missing.response.status, missing.response.data.code], ['AxiosError', 404, 'ORDER_NOT_EXIST']);
    const unpaid = judge.number();
    await wxpay.v3.pay.transactions.native.post(order(unpaid, node));
    const changed = order(unpaid, node, { amount: { total: 101, currency: 'CNY' } });
    const failed = await refused(wxpay.v3.pay.transactions.native.post(changed));
    expect([failed.response.status, failed.response.data.code], [400, 'INVALID_REQUEST']);
  });
  await judge.proves('bad_signature', async () => {
    await judge.spoilNextAnswer(number);
    const failed = await refused(query(wxpay, number));
    expect([failed.name, failed.code], ['AxiosError', 'EV3_RES_HEADER_SIGNATURE_DIGEST']);
  });
  await judge.proves('wrong_key', async () => {
    const impostor = publicKeyMode(node, { privateKey: judge.merchants.certs.wxpay.h5.appPrivateKeyContent });
    const failed = await refused(query(impostor, number));
    expect([failed.response.status, failed.response.data.code], [401, 'SIGN_ERROR']);
  });
}

async function certificates() {
  const node = judge.merchants.certs.wxpay.h5;
  const wxpay = client(node, { [node.platformSerialNo]: node.platformCertContent });
  await judge.proves('certificates', async () => {
    const { data } = await wxpay.v3.certificates.get();
    const [newest] = data.data;
    const { ciphertext, nonce, associated_data: aad } = newest.encrypt_certificate;
    expect(newest.serial_no, node.platformSerialNo);
    expect(Aes.AesGcm.decrypt(ciphertext, node.v3Key, nonce, aad).trim(), node.platformCertContent.trim());
  });
  await judge.proves('certificate_mode', async () => {
    const number = judge.number();
    await wxpay.v3.pay.transactions.native.post(order(number, node, { notify_url: judge.notifyUrl('certs') }));
    await judge.pay(number);
    const event = verified(await judge.received('certs'), node.platformCertContent, node.v3Key);
    expect(event.resource.out_trade_no, number);
  });
}

async function partner() {
  const node = judge.merchants.partner.wxpay.h5;
  const party = { sp_mchid: node.mchId, sub_mchid: node.subMerchants[0].subMchid };
  await judge.proves('partner', async () => {
    const wxpay = publicKeyMode(node);
    const { native, outTradeNo } = wxpay.v3.pay.partner.transactions;
    const create = (number) => {
      const { appid, mchid: _, ...body } = order(number, node, { notify_url: judge.notifyUrl('partner') });
      return native.post({ ...body, sp_appid: appid, ...party });
    };
    const [number, unpaid] = [judge.number(), judge.number()];
    await create(number);
    await judge.pay(number);
    const { data } = await outTradeNo.$out_trade_no$.get({ params: party, out_trade_no: number });
    expect([data.trade_state, data.sub_mchid], ['SUCCESS', party.sub_mchid]);
    const event = verified(await judge.received('partner'), node.wxpayPublicKeyContent, node.v3Key);
    expect(event.resource.sub_mchid, party.sub_mchid);
    await create(unpaid);
    expect((await outTradeNo.$out_trade_no$.close.post(party, { out_trade_no: unpaid })).status, 204);
  });
}

const wxpay = publicKeyMode(nodes.h5);
const number = judge.number();
await payment(wxpay, nodes.h5, number);
await refunds(wxpay, nodes.h5, number);
await rest(wxpay, number);
await products(wxpay);
await codepay(wxpay, nodes.codepay);
await closing(wxpay, nodes.h5);
await errors(wxpay, nodes.h5, number);
await transfers(publicKeyMode(nodes.transfer), nodes.transfer);
await certificates();
await partner();
