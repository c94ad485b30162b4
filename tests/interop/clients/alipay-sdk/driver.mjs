// alipay-sdk (npm), Alipay's own, as judge.
import { demand, expect, Judge, refused, RETURN_URL } from '../judge.mjs';

const judge = new Judge('alipay-sdk');
const { AlipaySdk } = judge.load('alipay-sdk');

const ORDER = { subject: 'interop 测试', totalAmount: '1.00' };
const PASSWORD_NEEDED = '2501000000000003'; // to the simulator: 10003 until the buyer pays
const BUYER = '2088102169481075';
const node = judge.merchants.default.alipay.h5;

const located = { gateway: `${judge.baseUrl}/gateway.do`, endpoint: judge.baseUrl, timeout: 10000 };

function keyMode(app, changes = {}) {
  const { appId, privateKey, alipayPublicKey } = app;
  return new AlipaySdk({ appId, privateKey, alipayPublicKey, keyType: 'PKCS8', ...located, ...changes });
}

function certificateMode(app) {
  return new AlipaySdk({
    appId: app.appId,
    privateKey: app.privateKey,
    keyType: 'PKCS8',
    appCertContent: app.appCertContent,
    alipayPublicCertContent: app.alipayPublicCertContent,
    alipayRootCertContent: app.alipayRootCertContent,
    ...located,
  });
}

// Every answer is checked against Alipay's key.
const call = (sdk, method, bizContent, changes = {}) => sdk
  .exec(method, { bizContent, ...changes }, { validateSign: true });

async function succeeded(answer) {
  const reply = await answer;
  expect([reply.code, reply.msg], ['10000', 'Success']);
  return reply;
}

const query = (sdk, number, changes = {}) => call(sdk, 'alipay.trade.query', { outTradeNo: number }, changes);
const precreate = (sdk, number, tag = 'pay', changes = {}) => succeeded(
  call(sdk, 'alipay.trade.precreate', { outTradeNo: number, ...ORDER }, { notifyUrl: judge.notifyUrl(tag), ...changes }),
);

async function paid(sdk, number) {
  await judge.pay(number);
  await hasPaid(sdk, number);
}

async function hasPaid(sdk, number) {
  expect((await succeeded(query(sdk, number))).tradeStatus, 'TRADE_SUCCESS');
}

// The notification's fields when the client finds them genuine.
function verified(sdk, body) {
  const fields = Object.fromEntries(new URLSearchParams(body));
  return sdk.checkNotifySignV2(fields) ? fields : null;
}

async function payment(sdk, number) {
  await judge.proves('precreate key_mode', async () => {
    const { qrCode } = await precreate(sdk, number);
    expect(qrCode.slice(0, 22), 'https://qr.alipay.com/');
  });
  let trade;
  await judge.proves('query', async () => {
    await judge.pay(number);
    trade = await succeeded(query(sdk, number));
    expect([trade.tradeStatus, trade.totalAmount], ['TRADE_SUCCESS', '1.00']);
  });
  await judge.proves('query_by_id', async () => {
    const found = await succeeded(call(sdk, 'alipay.trade.query', { tradeNo: trade.tradeNo }));
    expect(found.outTradeNo, number);
  });
  let body;
  await judge.proves('notify_payment', async () => {
    body = (await judge.received('pay')).body;
    const event = verified(sdk, body);
    expect([event?.out_trade_no, event?.trade_status], [number, 'TRADE_SUCCESS']);
  });
  await judge.proves('notify_tampered', async () => {
    const forged = body.replace('total_amount=1.00', 'total_amount=0.01');
    demand(forged !== body, body);
    expect(verified(sdk, forged), null);
    const other = judge.number();
    await precreate(sdk, other, 'spoilt');
    await judge.spoilNextNotification(other);
    await judge.pay(other);
    expect(verified(sdk, (await judge.received('spoilt')).body), null);
  });
}

async function refunds(sdk, number) {
  await judge.proves('refund', async () => {
    const asked = { outTradeNo: number, refundAmount: '0.30', outRequestNo: 'r1' };
    const made = await succeeded(call(sdk, 'alipay.trade.refund', asked));
    expect([made.fundChange, made.refundFee], ['Y', '0.30']);
  });
  await judge.proves('refund_query', async () => {
    const asked = { outTradeNo: number, outRequestNo: 'r1' };
    const found = await succeeded(call(sdk, 'alipay.trade.fastpay.refund.query', asked));
    expect([found.refundStatus, found.refundAmount], ['REFUND_SUCCESS', '0.30']);
  });
  await judge.proves('notify_refund', async () => {
    const event = verified(sdk, (await judge.received('pay', 2)).body);
    expect([event?.refund_fee, event?.out_biz_no], ['0.30', 'r1']);
  });
}

async function rest(sdk, number) {
  const refund = (refundAmount, outRequestNo) => call(
    sdk, 'alipay.trade.refund', { outTradeNo: number, refundAmount, outRequestNo },
  );
  await judge.proves('refund_rest', async () => {
    const again = await succeeded(refund('0.30', 'r1'));
    expect([again.fundChange, again.refundFee], ['N', '0.30']);
    const failed = await refund('0.71', 'r2');
    expect([failed.code, failed.subCode], ['40004', 'ACQ.REASON_TRADE_REFUND_FEE_ERR']);
    const made = await succeeded(refund('0.70', 'r3'));
    expect([made.fundChange, made.refundFee], ['Y', '1.00']);
    expect((await succeeded(query(sdk, number))).tradeStatus, 'TRADE_CLOSED');
  });
}

async function opened(url, options) {
  const answer = await fetch(url, options);
  const page = await answer.text();
  demand(answer.ok && page.includes('<html'), page);
  return page;
}

// Sends a form as the browser would that runs the client's snippet.
function submitted(form) {
  const unescaped = (text) => text.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  const fields = [...form.matchAll(/name="([^"]*)" value="([^"]*)"/g)];
  const body = new URLSearchParams(fields.map(([, name, value]) => [name, unescaped(value)]));
  return opened(form.match(/action="([^"]*)"/)[1], { method: 'POST', body });
}

async function pages(sdk) {
  let sentBack;
  const number = judge.number();
  await judge.proves('page', async () => {
    const posted = judge.number();
    const order = { productCode: 'FAST_INSTANT_TRADE_PAY', ...ORDER };
    await submitted(sdk.pageExec('alipay.trade.page.pay', { bizContent: { ...order, outTradeNo: posted } }));
    await paid(sdk, posted);
    const params = { bizContent: { ...order, outTradeNo: number }, returnUrl: RETURN_URL };
    sentBack = await judge.payAtCashier(await opened(sdk.pageExec('alipay.trade.page.pay', 'GET', params)));
    await hasPaid(sdk, number);
  });
  await judge.proves('return_url', async () => {
    const { mine, ...fields } = sentBack;
    expect([mine, fields.out_trade_no], ['1', number]);
    demand(sdk.checkNotifySignV2(fields), fields);
    demand(!sdk.checkNotifySignV2({ ...fields, total_amount: '0.01' }), fields);
  });
  await judge.proves('wap', async () => {
    const number = judge.number();
    const bizContent = { outTradeNo: number, productCode: 'QUICK_WAP_WAY', quitUrl: 'http://127.0.0.1/quit', ...ORDER };
    await opened(sdk.pageExec('alipay.trade.wap.pay', 'GET', { bizContent }));
    await paid(sdk, number);
  });
}

async function products(sdk) {
  let result;
  await judge.proves('app', async () => {
    const number = judge.number();
    const bizContent = { outTradeNo: number, productCode: 'QUICK_MSECURITY_PAY', ...ORDER };
    result = await judge.appPay(sdk.sdkExec('alipay.trade.app.pay', { bizContent }));
    await hasPaid(sdk, number);
  });
  await judge.proves('app_result', async () => {
    const check = (text) => sdk.checkResponseSign(text, 'alipay_trade_app_pay_response', JSON.parse(text).sign);
    check(result);
    expect((await refused(Promise.resolve().then(() => check(result.replace('1.00', '0.01'))))).name, 'AlipayRequestError');
  });
  await judge.proves('create', async () => {
    const number = judge.number();
    const made = await succeeded(call(sdk, 'alipay.trade.create', { outTradeNo: number, buyerId: BUYER, ...ORDER }));
    demand(made.tradeNo, made);
    await paid(sdk, number);
  });
  await judge.proves('pay', async () => {
    const [atOnce, asked] = [judge.number(), judge.number()];
    const scanned = (outTradeNo, authCode) => call(
      sdk, 'alipay.trade.pay', { outTradeNo, authCode, scene: 'bar_code', ...ORDER },
    );
    const made = await succeeded(scanned(atOnce, '280000000000000003'));
    expect([made.outTradeNo, made.receiptAmount], [atOnce, '1.00']);
    const waiting = await scanned(asked, PASSWORD_NEEDED);
    expect([waiting.code, waiting.outTradeNo], ['10003', asked]);
    await paid(sdk, asked);
  });
}

async function closing(sdk) {
  await judge.proves('close', async () => {
    const number = judge.number();
    await precreate(sdk, number, 'close');
    await judge.control('scan', { out_trade_no: number });
    await succeeded(call(sdk, 'alipay.trade.close', { outTradeNo: number }));
    expect((await succeeded(query(sdk, number))).tradeStatus, 'TRADE_CLOSED');
  });
  await judge.proves('cancel', async () => {
    const number = judge.number();
    await precreate(sdk, number, 'cancel');
    await judge.pay(number);
    expect((await succeeded(call(sdk, 'alipay.trade.cancel', { outTradeNo: number }))).action, 'refund');
  });
}

async function errors(sdk, number) {
  await judge.proves('business_error', async () => {
    const failed = await query(sdk, 'nosuchorder');
    expect([failed.code, failed.subCode], ['40004', 'ACQ.TRADE_NOT_EXIST']);
    // Nobody can sign for an app that does not exist, so this answer is read without a check.
    const stranger = await keyMode({ ...node, appId: '2021000000000000' })
      .exec('alipay.trade.query', { bizContent: { outTradeNo: number } });
    expect([stranger.code, stranger.subCode], ['40002', 'isv.invalid-app-id']);
  });
  await judge.proves('wrong_key', async () => {
    const failed = await query(keyMode({ ...node, privateKey: judge.merchants.certs.alipay.h5.privateKey }), number);
    expect([failed.code, failed.subCode], ['40002', 'isv.invalid-signature']);
  });
  await judge.proves('bad_signature', async () => {
    await judge.spoilNextAnswer(number);
    const failed = await refused(query(sdk, number));
    expect(failed.name, 'AlipayRequestError');
    demand(failed.message.startsWith('验签失败'), failed.message);
  });
}

async function certificates() {
  await judge.proves('certificate_mode', async () => {
    const sdk = certificateMode(judge.merchants.certs.alipay.h5);
    const number = judge.number();
    await precreate(sdk, number, 'certs');
    await paid(sdk, number);
    demand(verified(sdk, (await judge.received('certs')).body), 'the notification was refused');
  });
  const sdk = certificateMode(judge.merchants.default.alipay.transfer);
  const product = { productCode: 'TRANS_ACCOUNT_NO_PWD', bizScene: 'DIRECT_TRANSFER' };
  const number = judge.number('t');
  await judge.proves('transfer', async () => {
    const payeeInfo = { identity: BUYER, identityType: 'ALIPAY_USER_ID' };
    const asked = { outBizNo: number, transAmount: '1.00', orderTitle: '奖励', payeeInfo, ...product };
    const made = await succeeded(call(sdk, 'alipay.fund.trans.uni.transfer', asked));
    expect([made.status, made.outBizNo], ['SUCCESS', number]);
  });
  await judge.proves('transfer_query', async () => {
    const found = await succeeded(call(sdk, 'alipay.fund.trans.common.query', { outBizNo: number, ...product }));
    expect([found.status, found.transAmount], ['SUCCESS', '1.00']);
  });
}

async function accounts(sdk) {
  await judge.proves('balance', async () => {
    const asked = { alipayUserId: node.mchId, accountType: 'ACCTRANS_ACCOUNT' };
    const found = await succeeded(call(sdk, 'alipay.fund.account.query', asked));
    expect(found.availableAmount, found.totalAmount);
  });
  await judge.proves('login', async () => {
    const user = await judge.control('login', { appid: node.appId });
    const grant = { grantType: 'authorization_code', code: user.code };
    const token = (validateSign) => sdk.exec('alipay.system.oauth.token', grant, { validateSign });
    expect((await token(true)).userId, user.openid);
    // The client cannot check the signature of a refusal here: it looks for the method's own name.
    expect((await token(false)).subCode, 'isv.code-invalid');
  });
}

async function partner() {
  const app = judge.merchants.partner.alipay.h5;
  await judge.proves('partner', async () => {
    const [grant] = app.appAuthTokens;
    const token = { appAuthToken: grant.appAuthToken };
    const [sdk, number] = [keyMode(app), judge.number()];
    await precreate(sdk, number, 'partner', token);
    await judge.pay(number);
    expect((await succeeded(query(sdk, number, token))).tradeStatus, 'TRADE_SUCCESS');
    const event = verified(sdk, (await judge.received('partner')).body);
    expect([event?.auth_app_id, event?.seller_id], [grant.authAppId, grant.mchId]);
  });
}

// The client cannot check the signature of an encrypted answer: it looks for a brace.
async function encryption() {
  await judge.proves('encryption', async () => {
    await judge.control('alipay/account', { pid: 'default', node: 'h5', encryption: true });
    const { encryptKey } = (await judge.merchant('default')).alipay.h5;
    const sdk = keyMode(node, { encryptKey });
    const number = judge.number();
    const params = { bizContent: { outTradeNo: number, ...ORDER }, needEncrypt: true };
    expect((await succeeded(sdk.exec('alipay.trade.precreate', params))).outTradeNo, number);
  });
}

const sdk = keyMode(node);
const number = judge.number();
await payment(sdk, number);
await refunds(sdk, number);
await rest(sdk, number);
await pages(sdk);
await products(sdk);
await closing(sdk);
await errors(sdk, number);
await accounts(sdk);
await certificates();
await partner();
await encryption();
