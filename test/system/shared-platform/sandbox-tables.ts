import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { advance, money, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import {
  type HistoryItem,
  PRICE_MINOR,
  type ShopUser,
  signInAsAdmin,
  wasRetried,
  newCustomer,
  newProduct,
} from '../../stage/shop-users.ts';

const AUTHORIZED = [`authorization ${PRICE_MINOR}`];
const CAPTURED = [...AUTHORIZED, `capture ${PRICE_MINOR}`];
const VOIDED = [...AUTHORIZED, `void ${PRICE_MINOR}`];

/** Every special payment method and postal code ends an order as the sandbox's tables say. */
describe('every fault of the sandbox', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(6);
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  const PAYING = [
    { paymentMethod: 'pm_card_visa', trouble: 'none' },
    { paymentMethod: 'pm_sandbox_authorizeTimeout', trouble: 'no response to the authorization' },
    { paymentMethod: 'pm_sandbox_captureTimeout', trouble: 'no response to the capture' },
    { paymentMethod: 'pm_sandbox_flaky', trouble: 'every call fails twice' },
    { paymentMethod: 'pm_sandbox_slow', trouble: 'slow' },
  ];
  for (const { paymentMethod, trouble } of PAYING) {
    test(`${paymentMethod} (${trouble}) is charged once, after the dispatch`, async () => {
      const sku = await newProduct(admin, 1);
      const order = await ada.placeAndWait({ paymentMethod, sku });
      assert.deepEqual(await moneyInWords(platform, order.id), AUTHORIZED);
      await advance(platform, order);
      await ada.waitForOrder(order.id, { paymentStatus: 'captured', fulfillmentStatus: 'shipped' });
      assert.deepEqual(await moneyInWords(platform, order.id), CAPTURED);
      await admin.waitForStock(sku, { onHand: 0, reserved: 0 });
      if (trouble === 'slow') assert.ok(secondsOf(await ada.history(order.id), 'authorizePayment') >= 3);
    });
  }

  const DECLINED = [
    { paymentMethod: 'pm_card_chargeDeclined', code: 'CardDeclined' },
    { paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds', code: 'InsufficientFunds' },
  ];
  for (const { paymentMethod, code } of DECLINED) {
    test(`${paymentMethod} is rejected with ${code}, and the stock is released`, async () => {
      const sku = await newProduct(admin, 1);
      const order = await ada.placeAndWait({ paymentMethod, sku }, 'rejected');
      assert.equal(order.rejection?.code, code);
      const history = await ada.history(order.id);
      const expectedStatus = wasRetried(history) ? 'canceled' : 'not_fulfilled';
      assert.deepEqual([order.paymentStatus, order.fulfillmentStatus], ['not_paid', expectedStatus]);
      assert.deepEqual(await money(platform, order.id), []);
      assert.deepEqual(await parcel(platform, order.id), []);
      assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 1, reserved: 0 });
      assert.ok(outcomes(history).includes('reserveStock compensated'));
    });
  }

  test('postal code 00000 is rejected with AddressUndeliverable, and the payment is voided', async () => {
    const sku = await newProduct(admin, 1);
    const order = await ada.placeAndWait({ postalCode: '00000', sku }, 'rejected');
    assert.equal(order.rejection?.code, 'AddressUndeliverable');
    assert.deepEqual([order.paymentStatus, order.fulfillmentStatus], ['canceled', 'not_fulfilled']);
    assert.deepEqual(await moneyInWords(platform, order.id), VOIDED);
    assert.deepEqual(await parcel(platform, order.id), []);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: 1, reserved: 0 });
  });

  test('postal code 00503 (fails twice) is booked at the third attempt', async () => {
    const { id } = await ada.placeAndWait({ postalCode: '00503' });
    assert.deepEqual(await parcel(platform, id), ['booking']);
    const booked = (await ada.history(id)).find(
      ({ step, outcome }) => `${step} ${outcome}` === 'bookShipment succeeded',
    );
    assert.ok(booked!.attempt! >= 3, `attempt ${booked!.attempt}`);
  });

  test('postal code 00408 (no response to the booking) is booked once', async () => {
    const { id, trackingNumber } = await ada.placeAndWait({ postalCode: '00408' });
    assert.deepEqual(await parcel(platform, id), ['booking']);
    assert.ok(trackingNumber);
  });

  test('pm_sandbox_flaky is voided although every call fails twice', async () => {
    const { id } = await ada.placeAndWait({ paymentMethod: 'pm_sandbox_flaky', postalCode: '00000' }, 'rejected');
    assert.deepEqual(await moneyInWords(platform, id), VOIDED);
  });

  test('pm_sandbox_voidFails waits for a person, waits again after a retry, and is rejected after a skip', async () => {
    const sku = await newProduct(admin, 1);
    const difference = { paymentMethod: 'pm_sandbox_voidFails', postalCode: '00000', sku };
    const { id, paymentStatus } = await ada.placeAndWait(difference, 'requires_action');
    assert.equal(paymentStatus, 'requires_action');
    const intervention = await admin.waitForIntervention(id);
    assert.deepEqual([intervention.step, intervention.state], ['authorizePayment', 'open']);
    // The other compensations do not wait for a person.
    assert.partialDeepStrictEqual(await admin.stock(sku), { reserved: 0 });

    await admin.resolve(intervention, 'retry');
    const reopened = await admin.waitForIntervention(id);
    assert.notEqual(reopened.id, intervention.id);
    await admin.resolve(reopened, 'skip');
    const { rejection } = await ada.waitForOrder(id, { status: 'rejected', paymentStatus: 'requires_action' });
    assert.equal(rejection?.code, 'AddressUndeliverable');
    assert.deepEqual(await moneyInWords(platform, id), AUTHORIZED);
    const recorded = outcomes(await ada.history(id));
    assert.equal(recorded.filter((outcome) => outcome === 'authorizePayment compensation_failed').length, 2);
  });
});

describe('after these faults every ledger', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('agrees with every other, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});

const outcomes = (history: HistoryItem[]): string[] => history.map(({ step, outcome }) => `${step} ${outcome}`);

function secondsOf(history: HistoryItem[], step: string): number {
  const [started, ended] = history.filter((item) => item.step === step).map(({ at }) => Date.parse(at));
  return (ended! - started!) / 1000;
}
