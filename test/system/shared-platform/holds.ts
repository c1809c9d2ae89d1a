import assert from 'node:assert/strict';
import { codeOf } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { eventually } from '../../stage/eventually.ts';
import { untilBooksAgree } from '../../stage/order-books.ts';
import { cancelLines, namePaymentMethod, split } from '../../stage/order-requests.ts';
import { advance, expire, moneyInWords, parcel } from '../../stage/outside-ledgers.ts';
import { runTool } from '../../stage/run-tool.ts';
import { type Order, type ShopUser, newCustomer, newProduct, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const STOCKED = 3;
const [HELD, RELEASED, CAPTURED] = ['authorization 2500', 'void 2500', 'capture 2500'];

describe('the hold of an order that waits', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
  });

  /** An order of two pieces of a product of its own. */
  async function ordered(paymentMethod: string): Promise<Order & { sku: string }> {
    const sku = await newProduct(admin, STOCKED);
    return { ...(await ada.placeAndWait({ sku, quantity: 2, paymentMethod })), sku };
  }
  async function pass({ number }: Order, duration: string): Promise<void> {
    const { code, lines } = await runTool(platform, 'fast-forward', number, duration);
    assert.equal(code, 0, lines.join('\n'));
  }
  const agree = (order: Order) => untilBooksAgree({ platform, admin, order, stocked: STOCKED });
  const ledger = ({ id }: Order) => moneyInWords(platform, id);
  const arrives = async ({ id }: Order) => {
    const { trackingNumber } = await ada.order(id);
    await advance(platform, { trackingNumber: trackingNumber! });
    await ada.waitForOrder(id, { fulfillmentStatus: 'shipped', paymentStatus: 'captured' });
    await advance(platform, { trackingNumber: trackingNumber! });
    return ada.waitForOrder(id, { fulfillmentStatus: 'delivered' });
  };

  test('is gone when it is captured: another one is placed, and captured once (pm_sandbox_holdExpires)', async () => {
    const order = await ordered('pm_sandbox_holdExpires');
    await arrives(order);
    await agree(order);
    assert.deepEqual(await ledger(order), [HELD, RELEASED, HELD, CAPTURED]);
    const steps = (await ada.history(order.id)).map(({ step, outcome }) => `${step} ${outcome}`);
    assert.equal(steps.filter((step) => step === 'renewHold succeeded').length, 1);
  });

  test('expires early: another one is placed when the processor tells of it, however often', async () => {
    const order = await ordered('pm_card_visa');
    await expire(platform, order.id);
    const renewed = () => eventually(async () => assert.deepEqual(await ledger(order), [HELD, RELEASED, HELD]), 60_000);
    await renewed();
    assert.partialDeepStrictEqual(await agree(order), { paymentStatus: 'authorized', waitsFor: { what: 'dispatch' } });
    const again = await fetch(`${platform.processor}/payments/${order.id}/expire?holdId=${order.id}`, {
      method: 'POST',
    });
    assert.equal(again.status, 200);
    await renewed();
    await arrives(order);
    await agree(order);
    assert.deepEqual(await ledger(order), [HELD, RELEASED, HELD, CAPTURED]);
  });

  test('expires early and is refused again: the customer names another payment method', async () => {
    const order = await ordered('pm_sandbox_renewalDeclined');
    await expire(platform, order.id);
    await ada.waitForOrder(order.id, { paymentStatus: 'awaiting_customer', fulfillmentStatus: 'not_fulfilled' });
    assert.deepEqual(await parcel(platform, order.id), ['booking', 'cancellation']);
    assert.equal((await namePaymentMethod(ada, order.id, 'pm_card_visa')).status, 202);
    await agree(order);
    await arrives(order);
    await agree(order);
    assert.deepEqual(await ledger(order), [HELD, RELEASED, HELD, CAPTURED]);
  });

  test('is renewed before it expires, and the old one is released; a late parcel is told', async () => {
    const order = await ordered('pm_card_visa');
    await pass(order, '7d');
    assert.deepEqual(await ledger(order), [HELD, HELD, RELEASED]);
    assert.deepEqual(await parcel(platform, order.id), ['booking']);
    assert.partialDeepStrictEqual(await agree(order), { paymentStatus: 'authorized', waitsFor: { what: 'dispatch' } });
    await arrives(order);
    await agree(order);
    assert.deepEqual(await ledger(order), [HELD, HELD, RELEASED, CAPTURED]);
    await admin.waitForMails(order.id, 'confirmed', 'parcel-late', 'shipped', 'delivered');
  });

  test('is refused again: nothing is sent before another payment method is named (pm_sandbox_renewalDeclined)', async () => {
    const order = await ordered('pm_sandbox_renewalDeclined');
    const { id, sku } = order;
    const before = await namePaymentMethod(ada, id, 'pm_card_visa');
    assert.deepEqual([before.status, codeOf(before)], [409, 'NotChangeableNow']);
    await pass(order, '7d');
    const { waitsFor, parcels, trackingNumber } = await ada.waitForOrder(id, {
      status: 'confirmed',
      paymentStatus: 'awaiting_customer',
      fulfillmentStatus: 'not_fulfilled',
      allowedActions: ['cancel', 'name_payment_method'],
    });
    assert.equal(waitsFor?.what, 'payment_method');
    assert.partialDeepStrictEqual(parcels, [{ status: 'waiting', lines: [{ sku, quantity: 2 }] }]);
    assert.deepEqual([parcels!.length, parcels![0]!.trackingNumber, trackingNumber], [1, undefined, undefined]);
    assert.deepEqual(await parcel(platform, id), ['booking', 'cancellation']);
    assert.partialDeepStrictEqual(await admin.stock(sku), { onHand: STOCKED, reserved: 2 });
    const lines = [{ sku, quantity: 1 }];
    for (const refused of [await cancelLines(ada, id, lines), await split(admin, id, lines, lines)]) {
      assert.deepEqual([refused.status, codeOf(refused)], [409, 'NotChangeableNow']);
    }

    for (const [card, code] of [
      ['pm_card_chargeDeclined', 'CardDeclined'],
      ['pm_card_chargeDeclinedInsufficientFunds', 'InsufficientFunds'],
      ['pm_sandbox_renewalDeclined', 'CardDeclined'],
    ] as const) {
      const refused = await namePaymentMethod(ada, id, card);
      assert.deepEqual([refused.status, codeOf(refused)], [422, code]);
    }
    assert.equal((await ada.order(id)).waitsFor?.what, 'payment_method');
    const named = await namePaymentMethod(ada, id, 'pm_card_visa');
    assert.equal(named.status, 202, JSON.stringify(named.body));
    assert.partialDeepStrictEqual(await agree(order), { paymentStatus: 'authorized', fulfillmentStatus: 'booked' });
    assert.deepEqual(await parcel(platform, id), ['booking', 'cancellation', 'booking']);
    await arrives(order);
    await agree(order);
    assert.deepEqual(await ledger(order), [HELD, HELD, RELEASED, CAPTURED]);
    await admin.waitForMail(id, { template: 'payment-method-required', state: 'kept' });
  });

  test('is refused again, and no other payment method is named within two days: the order is canceled', async () => {
    const order = await ordered('pm_sandbox_renewalDeclined');
    await pass(order, '9d');
    const { rejection } = await ada.waitForOrder(order.id, { status: 'canceled', paymentStatus: 'canceled' });
    assert.equal(rejection?.code, 'AuthorizationExpired');
    await agree(order);
    assert.deepEqual(await ledger(order), [HELD, RELEASED]);
    assert.deepEqual(await parcel(platform, order.id), ['booking', 'cancellation']);
    assert.partialDeepStrictEqual(await admin.stock(order.sku), { onHand: STOCKED, reserved: 0 });
    const late = await namePaymentMethod(ada, order.id, 'pm_card_visa');
    assert.deepEqual([late.status, codeOf(late)], [409, 'NotChangeableNow']);
    await admin.waitForMail(order.id, { template: 'canceled', state: 'kept' });
  });
});
