import assert from 'node:assert/strict';
import { concurrently } from '../../stage/concurrently.ts';
import { advance, money, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import {
  type HistoryItem,
  PRICE_MINOR,
  type Person,
  admin,
  askedAgain,
  newCustomer,
  newProduct,
} from '../../stage/shop-people.ts';

const AUTHORIZED = [`authorization ${PRICE_MINOR}`];
const CAPTURED = [...AUTHORIZED, `capture ${PRICE_MINOR}`];
const VOIDED = [...AUTHORIZED, `void ${PRICE_MINOR}`];

/** Every payment method and postal code with a meaning of its own ends an order as the sandbox's tables say. */
describe('every trouble that the outside world can make', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(6);
  let ada: Person;
  let keeper: Person;

  before(async () => {
    [ada, keeper] = await Promise.all([newCustomer(platform), admin(platform)]);
  });

  const PAYING = [
    { paymentMethod: 'pm_card_visa', trouble: 'none' },
    { paymentMethod: 'pm_sandbox_authorizeTimeout', trouble: 'no answer to the authorization' },
    { paymentMethod: 'pm_sandbox_captureTimeout', trouble: 'no answer to the capture' },
    { paymentMethod: 'pm_sandbox_flaky', trouble: 'out of order twice on every call' },
    { paymentMethod: 'pm_sandbox_slow', trouble: 'slow' },
  ];
  for (const { paymentMethod, trouble } of PAYING) {
    test(`${paymentMethod} (${trouble}) is charged once, when the parcel has left`, async () => {
      const sku = await newProduct(keeper, 1);
      const order = await ada.placed({ paymentMethod, sku });
      assert.deepEqual(await moneyInWords(platform, order.id), AUTHORIZED);
      await advance(platform, order);
      await ada.orderOnce(order.id, { paymentStatus: 'captured', fulfillmentStatus: 'shipped' });
      assert.deepEqual(await moneyInWords(platform, order.id), CAPTURED);
      await keeper.stockOnce(sku, { onHand: 0, reserved: 0 });
      if (trouble === 'slow') assert.ok(secondsOf(await ada.history(order.id), 'authorizePayment') >= 3);
    });
  }

  const DECLINED = [
    { paymentMethod: 'pm_card_chargeDeclined', code: 'CardDeclined' },
    { paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds', code: 'InsufficientFunds' },
  ];
  for (const { paymentMethod, code } of DECLINED) {
    test(`${paymentMethod} is rejected with ${code}, and the goods are free again`, async () => {
      const sku = await newProduct(keeper, 1);
      const order = await ada.placed({ paymentMethod, sku }, 'rejected');
      assert.equal(order.rejection?.code, code);
      const history = await ada.history(order.id);
      const left = askedAgain(history) ? 'canceled' : 'not_fulfilled';
      assert.deepEqual([order.paymentStatus, order.fulfillmentStatus], ['not_paid', left]);
      assert.deepEqual(await money(platform, order.id), []);
      assert.deepEqual(await parcel(platform, order.id), []);
      assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 1, reserved: 0 });
      assert.ok(outcomes(history).includes('reserveStock compensated'));
    });
  }

  test('postal code 00000 is rejected with AddressUndeliverable, and the held money let go', async () => {
    const sku = await newProduct(keeper, 1);
    const order = await ada.placed({ postalCode: '00000', sku }, 'rejected');
    assert.equal(order.rejection?.code, 'AddressUndeliverable');
    assert.deepEqual([order.paymentStatus, order.fulfillmentStatus], ['canceled', 'not_fulfilled']);
    assert.deepEqual(await moneyInWords(platform, order.id), VOIDED);
    assert.deepEqual(await parcel(platform, order.id), []);
    assert.partialDeepStrictEqual(await keeper.stock(sku), { onHand: 1, reserved: 0 });
  });

  test('postal code 00503 (out of order twice) is booked at the third try', async () => {
    const { id } = await ada.placed({ postalCode: '00503' });
    assert.deepEqual(await parcel(platform, id), ['booking']);
    const booked = (await ada.history(id)).find(
      ({ step, outcome }) => `${step} ${outcome}` === 'bookShipment succeeded',
    );
    assert.ok(booked!.attempt! >= 3, `attempt ${booked!.attempt}`);
  });

  test('postal code 00408 (no answer to the booking) is booked once', async () => {
    const { id, trackingNumber } = await ada.placed({ postalCode: '00408' });
    assert.deepEqual(await parcel(platform, id), ['booking']);
    assert.ok(trackingNumber);
  });

  test('pm_sandbox_flaky is let go again although every call fails twice', async () => {
    const { id } = await ada.placed({ paymentMethod: 'pm_sandbox_flaky', postalCode: '00000' }, 'rejected');
    assert.deepEqual(await moneyInWords(platform, id), VOIDED);
  });

  test('pm_sandbox_voidFails waits for a person, again after a retry, and ends as it was to when that one skips it', async () => {
    const sku = await newProduct(keeper, 1);
    const difference = { paymentMethod: 'pm_sandbox_voidFails', postalCode: '00000', sku };
    const { id, paymentStatus } = await ada.placed(difference, 'requires_action');
    assert.equal(paymentStatus, 'requires_action');
    const asked = await keeper.intervention(id);
    assert.deepEqual([asked.step, asked.state], ['authorizePayment', 'open']);
    // The other undos do not wait for a person.
    assert.partialDeepStrictEqual(await keeper.stock(sku), { reserved: 0 });

    await keeper.resolve(asked, 'retry');
    const askedAgain = await keeper.intervention(id);
    assert.notEqual(askedAgain.id, asked.id);
    await keeper.resolve(askedAgain, 'skip');
    const { rejection } = await ada.orderOnce(id, { status: 'rejected', paymentStatus: 'requires_action' });
    assert.equal(rejection?.code, 'AddressUndeliverable');
    assert.deepEqual(await moneyInWords(platform, id), AUTHORIZED);
    const told = outcomes(await ada.history(id));
    assert.equal(told.filter((outcome) => outcome === 'authorizePayment compensation_failed').length, 2);
  });
});

describe('afterwards every ledger', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('agrees with every other, by npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});

const outcomes = (history: HistoryItem[]): string[] => history.map(({ step, outcome }) => `${step} ${outcome}`);

function secondsOf(history: HistoryItem[], step: string): number {
  const [started, ended] = history.filter((item) => item.step === step).map(({ at }) => Date.parse(at));
  return (ended! - started!) / 1000;
}
