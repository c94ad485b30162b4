// @apple/app-store-server-library (npm) as judge: its client, its verifier, its receipt reader.
import { randomUUID } from 'node:crypto';
import { demand, expect, Judge, refused } from '../judge.mjs';

const judge = new Judge('@apple/app-store-server-library');
const apple = judge.load('@apple/app-store-server-library');
const {
  APIError, Environment, GetTransactionHistoryVersion, NotificationTypeV2, Order, ProductType, ReceiptUtility,
  SendAttemptResult, Status, Subtype, VerificationStatus,
} = apple;

const RENEWABLE = 'Auto-Renewable Subscription';
const COINS = 'com.example.coins';
const PREMIUM = 'com.example.premium';
const PNG = Buffer.from('89504e470d0a1a0a0000000000000000', 'hex');
const DAY = 86400000;

// One client under test on one merchant's settings; nothing but the base URL is changed.
class Shop {
  constructor(environment = Environment.SANDBOX, changes = {}) {
    this.environment = environment;
    this.node = { ...judge.merchants.default.appleiap['app-plus'], ...changes };
    const { privateKey, keyId, issuerId, bundleId } = this.node;
    this.api = new apple.AppStoreServerAPIClient(privateKey, keyId, issuerId, bundleId, environment);
    this.api.urlBase = environment === Environment.SANDBOX ? this.node.sandboxBaseUrl : this.node.baseUrl;
  }

  verifier({ online = false, bundleId = this.node.bundleId } = {}) {
    const der = Buffer.from(this.node.rootCert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    return new apple.SignedDataVerifier([der], online, this.environment, bundleId, this.node.appAppleId);
  }

  transaction(signed) {
    return this.verifier().verifyAndDecodeTransaction(signed);
  }

  // What the phone has after the purchase.
  buys(payer, productId = COINS, fields = {}) {
    const asked = { payer, product_id: productId, environment: this.environment, ...fields };
    return judge.control('appleiap/purchase', asked);
  }

  does(what, one, fields = {}) {
    return judge.control(`appleiap/${what}`, { transaction_id: one.transactionId, ...fields });
  }

  // From now on notifications go to that address.
  notified(tag) {
    const name = this.environment === Environment.SANDBOX ? 'sandbox_notify_url' : 'notify_url';
    return judge.control('appleiap/account', { [name]: judge.notifyUrl(tag) });
  }

  async payload(tag, count = 1) {
    return JSON.parse((await judge.received(tag, count)).body).signedPayload;
  }

  // The latest notification there, verified by the library.
  async told(tag, count = 1) {
    return this.verifier().verifyAndDecodeNotification(await this.payload(tag, count));
  }
}

async function failsWith(code, promise) {
  const error = await refused(promise);
  expect(error.apiError, code);
  return error;
}

async function unverified(status, promise) {
  expect((await refused(promise)).status, status);
}

async function transactions(shop) {
  const token = '00000000-0000-0000-0000-000000000007';
  const bought = await shop.buys('alice', COINS, { app_account_token: token, quantity: 2 });
  const number = bought.transactionId;
  let one;
  await judge.proves('transaction', async () => {
    const { signedTransactionInfo } = await shop.api.getTransactionInfo(number);
    one = await shop.transaction(signedTransactionInfo);
    expect([one.transactionId, one.productId, one.quantity], [number, COINS, 2]);
    expect([one.appAccountToken, one.price, one.currency], [token, 12000, 'CNY']);
    expect((await shop.transaction(bought.signedTransaction)).transactionId, number);
  });
  await judge.proves('app_transaction', async () => {
    const { signedAppTransactionInfo } = await shop.api.getAppTransactionInfo(number);
    const app = await shop.verifier().verifyAndDecodeAppTransaction(signedAppTransactionInfo);
    expect([app.bundleId, app.appTransactionId], [shop.node.bundleId, one.appTransactionId]);
  });
  await judge.proves('finish', async () => {
    await shop.api.finishTransaction(number);
    const after = await shop.api.getTransactionHistory(number, null, {}, GetTransactionHistoryVersion.V1);
    expect(after.signedTransactions, []);
    await failsWith(4000048, shop.api.finishTransaction(one.appTransactionId));
  });
  await judge.proves('set_token', async () => {
    const appAccountToken = randomUUID();
    await shop.api.setAppAccountToken(number, { appAccountToken });
    const { signedTransactionInfo } = await shop.api.getTransactionInfo(number);
    expect((await shop.transaction(signedTransactionInfo)).appAccountToken, appAccountToken);
    const wrong = shop.api.setAppAccountToken(number, { appAccountToken: 'no uuid' });
    await failsWith(APIError.INVALID_APP_ACCOUNT_TOKEN_UUID_ERROR, wrong);
  });
}

// Every transaction of a history, verified, page by page.
async function pages(shop, number, asked, version) {
  const found = [];
  let revision = null;
  for (let hasMore = true; hasMore;) {
    const answer = await shop.api.getTransactionHistory(number, revision, asked, version);
    expect([answer.bundleId, answer.environment], [shop.node.bundleId, shop.environment]);
    demand(answer.signedTransactions.length <= 20, answer.signedTransactions.length);
    found.push(...answer.signedTransactions);
    ({ revision, hasMore } = answer);
  }
  return Promise.all(found.map((signed) => shop.transaction(signed)));
}

async function histories(shop) {
  const { V1, V2 } = GetTransactionHistoryVersion;
  const bought = [];
  for (let count = 0; count < 45; count += 1) bought.push(await shop.buys('bob'));
  const keep = await shop.buys('bob', 'com.example.lifetime', { type: 'Non-Consumable' });
  const number = bought[0].transactionId;
  const numbers = (found) => found.map((one) => one.transactionId);
  await judge.proves('history', async () => {
    expect((await pages(shop, number, {}, V2)).length, 46);
    const newest = { sort: Order.DESCENDING, productTypes: [ProductType.CONSUMABLE] };
    expect(numbers(await pages(shop, number, newest, V2)), numbers([...bought].reverse()));
    await shop.does('refund', bought[3]);
    expect(numbers(await pages(shop, number, { revoked: true }, V2)), [bought[3].transactionId]);
    const named = { productIds: ['com.example.lifetime', 'none'], revoked: false };
    expect(numbers(await pages(shop, number, named, V2)), [keep.transactionId]);
  });
  await judge.proves('history_v1', async () => {
    expect((await pages(shop, number, {}, V1)).length, 46);
  });
  await judge.proves('refunds', async () => {
    for (const one of bought.slice(4, 26)) await shop.does('refund', one);
    const first = await shop.api.getRefundHistory(number, null);
    expect([first.signedTransactions.length, first.hasMore], [20, true]);
    const second = await shop.api.getRefundHistory(number, first.revision);
    expect([second.signedTransactions.length, second.hasMore], [3, false]);
    expect((await shop.transaction(first.signedTransactions[0])).revocationType, 'REFUND_FULL');
  });
}

async function subscriptions(shop) {
  const bought = await shop.buys('carol', PREMIUM, { type: RENEWABLE, price: 30000 });
  const number = bought.transactionId;
  await judge.proves('statuses', async () => {
    const answer = await shop.api.getAllSubscriptionStatuses(number);
    const [last] = answer.data[0].lastTransactions;
    expect([last.status, last.originalTransactionId], [Status.ACTIVE, number]);
    const renewal = await shop.verifier().verifyAndDecodeRenewalInfo(last.signedRenewalInfo);
    expect([renewal.autoRenewProductId, renewal.renewalPrice], [PREMIUM, 30000]);
    const none = await shop.api.getAllSubscriptionStatuses(number, [Status.EXPIRED, Status.REVOKED]);
    expect(none.data, []);
  });
  await judge.proves('extend', async () => {
    const asked = { extendByDays: 30, extendReasonCode: 3, requestIdentifier: 'r1' };
    const answer = await shop.api.extendSubscriptionRenewalDate(number, asked);
    expect([answer.success, answer.originalTransactionId], [true, number]);
    await shop.api.extendSubscriptionRenewalDate(number, asked);
    await failsWith(APIError.SUBSCRIPTION_MAX_EXTENSION, shop.api.extendSubscriptionRenewalDate(number, asked));
  });
  await judge.proves('extend_all', async () => {
    const productId = 'com.example.news';
    await shop.buys('dave', productId, { type: RENEWABLE });
    const requestIdentifier = randomUUID();
    const asked = { extendByDays: 1, extendReasonCode: 1, requestIdentifier, productId };
    const begun = await shop.api.extendRenewalDateForAllActiveSubscribers(asked);
    expect(begun.requestIdentifier, requestIdentifier);
    const state = () => shop.api.getStatusOfSubscriptionRenewalDateExtensions(requestIdentifier, productId);
    expect((await state()).complete, false);
    await judge.advance(5);
    const { complete, succeededCount, failedCount } = await state();
    expect([complete, succeededCount, failedCount], [true, 1, 0]);
  });
}

async function consumption(shop) {
  const bought = await shop.buys('erin');
  const number = bought.transactionId;
  await judge.proves('consumption', async () => {
    const asked = {
      customerConsented: true,
      sampleContentProvided: false,
      deliveryStatus: 'DELIVERED',
      consumptionPercentage: 50000,
      refundPreference: 'GRANT_PRORATED',
    };
    await shop.api.sendConsumptionInformation(number, asked);
    expect((await shop.does('device', bought)).consumption, asked);
    const wrong = { ...asked, customerConsented: false };
    await failsWith(APIError.INVALID_CUSTOMER_CONSENTED, shop.api.sendConsumptionInformation(number, wrong));
  });
  await judge.proves('consumption_v1', async () => {
    const asked = {
      customerConsented: true,
      consumptionStatus: 1,
      platform: 2,
      sampleContentProvided: false,
      deliveryStatus: 3,
      appAccountToken: '',
      accountTenure: 4,
      playTime: 5,
      lifetimeDollarsRefunded: 6,
      lifetimeDollarsPurchased: 7,
      userStatus: 4,
      refundPreference: 3,
    };
    await shop.api.sendConsumptionData(number, asked);
    const wrong = { ...asked, appAccountToken: 'no uuid' };
    await failsWith(APIError.INVALID_APP_ACCOUNT_TOKEN, shop.api.sendConsumptionData(number, wrong));
  });
}

// A subscription from its beginning to its end, and one purchase's money: every notification verified.
async function life(shop) {
  const sub = await shop.buys('grace', PREMIUM, { type: RENEWABLE });
  const does = (what, fields) => () => shop.does(what, sub, fields);
  const steps = [
    [() => {}, NotificationTypeV2.SUBSCRIBED, Subtype.INITIAL_BUY],
    [does('renew'), NotificationTypeV2.DID_RENEW, undefined],
    [does('renew', { outcome: 'grace_period' }), NotificationTypeV2.DID_FAIL_TO_RENEW, Subtype.GRACE_PERIOD],
    [does('renew'), NotificationTypeV2.DID_RENEW, Subtype.BILLING_RECOVERY],
    [
      does('change', { auto_renew: false }),
      NotificationTypeV2.DID_CHANGE_RENEWAL_STATUS,
      Subtype.AUTO_RENEW_DISABLED,
    ],
    [does('change', { price: 40000 }), NotificationTypeV2.PRICE_INCREASE, Subtype.PENDING],
    [does('expire'), NotificationTypeV2.EXPIRED, Subtype.VOLUNTARY],
    [
      () => shop.buys('grace', PREMIUM, { type: RENEWABLE }),
      NotificationTypeV2.SUBSCRIBED,
      Subtype.RESUBSCRIBE,
    ],
    [does('ask-consumption'), NotificationTypeV2.CONSUMPTION_REQUEST, undefined],
    [does('refund', { percentage: 50000 }), NotificationTypeV2.REFUND, undefined],
    [does('reverse-refund'), NotificationTypeV2.REFUND_REVERSED, undefined],
    [does('decline-refund'), NotificationTypeV2.REFUND_DECLINED, undefined],
  ];
  for (const [index, [act, kind, subtype]] of steps.entries()) {
    await act();
    const event = await shop.told('life', index + 1);
    expect([event.notificationType, event.subtype, event.version], [kind, subtype, '2.0']);
    const one = await shop.transaction(event.data.signedTransactionInfo);
    expect(one.originalTransactionId, sub.originalTransactionId);
    await shop.verifier().verifyAndDecodeRenewalInfo(event.data.signedRenewalInfo);
    if (kind === NotificationTypeV2.REFUND) {
      expect([one.revocationType, one.revocationPercentage], ['REFUND_PRORATED', 50000]);
    }
  }
}

async function past(shop) {
  await shop.notified('past');
  const bought = [];
  for (let count = 0; count < 25; count += 1) bought.push(await shop.buys('heidi'));
  await judge.received('past', 25);
  const now = bought.at(-1).transaction.purchaseDate;
  const span = { startDate: now - DAY, endDate: now + DAY };
  const asked = { ...span, transactionId: bought[0].transactionId };
  const first = await shop.api.getNotificationHistory(null, asked);
  expect([first.notificationHistory.length, first.hasMore], [20, true]);
  const second = await shop.api.getNotificationHistory(first.paginationToken, asked);
  expect([second.notificationHistory.length, second.hasMore], [5, false]);
  for (const one of [...first.notificationHistory, ...second.notificationHistory]) {
    const event = await shop.verifier().verifyAndDecodeNotification(one.signedPayload);
    expect(event.notificationType, NotificationTypeV2.ONE_TIME_CHARGE);
    expect(one.sendAttempts.map((attempt) => attempt.sendAttemptResult), [SendAttemptResult.SUCCESS]);
  }
  const tests = { ...span, notificationType: NotificationTypeV2.TEST };
  expect((await shop.api.getNotificationHistory(null, tests)).notificationHistory.length, 1);
  const both = { ...asked, ...tests };
  await failsWith(APIError.MULTIPLE_FILTERS_SUPPLIED, shop.api.getNotificationHistory(null, both));
}

async function notifications(shop) {
  await judge.proves('notify', async () => {
    await shop.notified('life');
    await life(shop);
  });
  await judge.proves('notify_tampered', async () => {
    const token = randomUUID();
    await shop.notified('spoilt');
    await judge.spoilNextNotification(token);
    await shop.buys('frank', COINS, { app_account_token: token });
    await unverified(VerificationStatus.VERIFICATION_FAILURE, shop.told('spoilt'));
    const stranger = shop.verifier({ bundleId: 'com.example.other' });
    const genuine = await shop.payload('life');
    await unverified(VerificationStatus.INVALID_APP_IDENTIFIER, stranger.verifyAndDecodeNotification(genuine));
  });
  await judge.proves('test_notification', async () => {
    await shop.notified('test');
    const { testNotificationToken } = await shop.api.requestTestNotification();
    expect((await shop.told('test')).notificationType, NotificationTypeV2.TEST);
    const answer = await shop.api.getTestNotificationStatus(testNotificationToken);
    expect(answer.sendAttempts.map((one) => one.sendAttemptResult), [SendAttemptResult.SUCCESS]);
    const event = await shop.verifier().verifyAndDecodeNotification(answer.signedPayload);
    expect(event.notificationType, NotificationTypeV2.TEST);
  });
  await judge.proves('notification_history', () => past(shop));
}

async function production(sandbox) {
  const shop = new Shop(Environment.PRODUCTION);
  let bought;
  await judge.proves('production', async () => {
    await shop.notified('production');
    bought = await shop.buys('ivan');
    expect((await shop.told('production')).data.appAppleId, shop.node.appAppleId);
    const number = bought.transactionId;
    await failsWith(APIError.TRANSACTION_ID_NOT_FOUND, sandbox.api.getTransactionInfo(number));
    await shop.api.getTransactionInfo(number);
    await judge.control('appleiap/account', { released: false });
    const error = await refused(shop.api.getTransactionInfo(number));
    expect([error.httpStatusCode, error.apiError], [401, null]);
    await judge.control('appleiap/account', { released: true });
  });
  await judge.proves('lookup', async () => {
    const answer = await shop.api.lookUpOrderId(bought.orderId);
    expect(answer.status, 0);
    expect((await shop.transaction(answer.signedTransactions[0])).transactionId, bought.transactionId);
    expect((await shop.api.lookUpOrderId('NONE')).status, 1);
  });
}

async function verification(shop) {
  const bought = await shop.buys('judy');
  const online = () => shop.verifier({ online: true }).verifyAndDecodeTransaction(bought.signedTransaction);
  await judge.proves('verify_online', async () => {
    expect((await online()).transactionId, bought.transactionId);
  });
  await judge.proves('verify_revoked', async () => {
    await judge.control('appleiap/rules', { ocsp: 'revoked' });
    await unverified(VerificationStatus.FAILURE, online());
    await judge.control('appleiap/rules', { ocsp: 'unavailable' });
    await unverified(VerificationStatus.RETRYABLE_VERIFICATION_FAILURE, online());
    await judge.control('appleiap/rules', { ocsp: 'good' });
  });
  await judge.proves('receipt', async () => {
    const reader = new ReceiptUtility();
    expect(reader.extractTransactionIdFromAppReceipt(bought.appReceipt), bought.transactionId);
    expect(reader.extractTransactionIdFromTransactionReceipt(bought.transactionReceipt), bought.transactionId);
  });
}

async function offers(shop) {
  const { privateKey, keyId, issuerId, bundleId } = shop.node;
  const named = [privateKey, keyId, issuerId, bundleId];
  const subscribes = (payer, offer, fields) => shop.buys(payer, PREMIUM, { type: RENEWABLE, offer, ...fields });
  await judge.proves('offers', async () => {
    const [token, nonce] = [randomUUID(), randomUUID()];
    const timestamp = (await shop.buys('kim')).transaction.signedDate;
    const old = new apple.PromotionalOfferSignatureCreator(privateKey, keyId, bundleId);
    const signature = old.createSignature(PREMIUM, 'half', token, nonce, timestamp);
    const signed = { key_id: keyId, nonce, timestamp, signature };
    const offer = { type: 2, identifier: 'half', signature: signed };
    await subscribes('kim', offer, { app_account_token: token });
    const later = { ...offer, signature: { ...signed, timestamp: timestamp + 1 } };
    const error = await refused(subscribes('lee', later, { app_account_token: token }));
    demand(error.message.includes('seven fields'), error.message);
    const jws = new apple.PromotionalOfferV2SignatureCreator(...named).createSignature(PREMIUM, 'half');
    await subscribes('lee', { type: 2, identifier: 'half', jws });
    const eligible = new apple.IntroductoryOfferEligibilitySignatureCreator(...named);
    await subscribes('max', { type: 1, jws: eligible.createSignature(PREMIUM, true, '1') });
    const advanced = new apple.AdvancedCommerceInAppSignatureCreator(...named);
    const request = advanced.createSignature({ operation: 'CREATE_ONE_TIME_CHARGE', version: '1' });
    expect((await judge.control('appleiap/storekit', { jws: request })).aud, 'advanced-commerce-api');
  });
}

// All fourteen calls.
async function retention(shop) {
  const { api } = shop;
  const [image, message] = [randomUUID(), randomUUID()];
  await judge.proves('retention', async () => {
    await api.uploadImage(image, PNG, 'FULL_SIZE');
    expect((await api.getImageList()).imageIdentifiers.map((one) => one.imageIdentifier), [image]);
    const picture = { imageIdentifier: image, altText: 'a picture' };
    await api.uploadMessage(message, { header: 'Stay', body: 'There is more', image: picture });
    expect((await api.getMessageList()).messageIdentifiers.length, 1);
    await failsWith(4030019, api.deleteImage(image));
    await api.configureDefaultMessage(PREMIUM, 'en-US', { messageIdentifier: message });
    expect((await api.getDefaultMessage(PREMIUM, 'en-US')).messageIdentifier, message);
    await api.deleteDefaultMessage(PREMIUM, 'en-US');
    await api.configureRealtimeURL({ realtimeURL: 'https://shop.example.com/stay' });
    expect((await api.getRealtimeURL()).realtimeURL, 'https://shop.example.com/stay');
    const bought = await shop.buys('nina', 'com.example.magazine', { type: RENEWABLE });
    const begun = await api.initiatePerformanceTest({ originalTransactionId: bought.transactionId });
    expect((await api.getPerformanceTestResults(begun.requestId)).result, 'PASS');
    await api.deleteRealtimeURL();
    await api.deleteMessage(message);
    await api.deleteImage(image);
    expect((await api.getImageList()).imageIdentifiers, []);
  });
}

async function errors(shop) {
  const token = randomUUID();
  const number = (await shop.buys('oscar', COINS, { app_account_token: token })).transactionId;
  await judge.proves('business_error', async () => {
    const unknown = shop.api.getTransactionInfo('2000000000000000');
    const error = await failsWith(APIError.TRANSACTION_ID_NOT_FOUND, unknown);
    expect([error.httpStatusCode, error.errorMessage], [404, 'Transaction id not found.']);
    await failsWith(APIError.INVALID_TRANSACTION_ID, shop.api.getTransactionInfo('abc'));
  });
  await judge.proves('bad_signature', async () => {
    await judge.spoilNextAnswer(token);
    const { signedTransactionInfo } = await shop.api.getTransactionInfo(number);
    await unverified(VerificationStatus.VERIFICATION_FAILURE, shop.transaction(signedTransactionInfo));
  });
  await judge.proves('wrong_key', async () => {
    const { privateKey } = judge.merchants.certs.appleiap['app-plus'];
    const impostor = new Shop(Environment.SANDBOX, { privateKey });
    const error = await refused(impostor.api.getTransactionInfo(number));
    expect([error.httpStatusCode, error.apiError], [401, null]);
  });
  await judge.proves('rate_limit', async () => {
    await judge.control('appleiap/rules', { rates: { statuses: 0.01 } });
    const calls = [];
    for (let count = 0; count < 8; count += 1) calls.push(shop.api.getAllSubscriptionStatuses(number));
    const outcomes = await Promise.allSettled(calls);
    const error = outcomes.find((one) => one.status === 'rejected')?.reason;
    expect([error?.httpStatusCode, error?.apiError], [429, APIError.RATE_LIMIT_EXCEEDED]);
  });
}

const shop = new Shop();
await transactions(shop);
await histories(shop);
await subscriptions(shop);
await consumption(shop);
await notifications(shop);
await production(shop);
await verification(shop);
await offers(shop);
await retention(shop);
await errors(shop);
