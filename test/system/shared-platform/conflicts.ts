import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiResponse, codeOf } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { untilBooksAgree } from '../../stage/order-books.ts';
import {
  askRefund,
  askReturn,
  cancelLines,
  changeAddress,
  decide,
  elsewhere,
  etagOf,
  receiveReturn,
  split,
} from '../../stage/order-requests.ts';
import { advance, moneyInWords, tryToAdvance } from '../../stage/outside-ledgers.ts';
import { reconcile } from '../../stage/run-reconcile.ts';
import { type Order, type ShopUser, newCustomer, newProduct, newStaff, signInAsAdmin } from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const STOCKED = 6;
// How long after the other the shorter action begins, in milliseconds: at once it would nearly always win. Which of them
// wins is not for the test to say.
const LATER_MS = [0, 60, 200];

type Counted = Order & { sku: string };

describe('two actions at once on an order', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();
  const test = concurrently(4);
  let ada: ShopUser;
  let admin: ShopUser;
  let support: ShopUser;
  let fulfilment: [ShopUser, ShopUser];

  before(async () => {
    [ada, admin] = await Promise.all([newCustomer(platform), signInAsAdmin(platform)]);
    const staff = (['support', 'fulfilment', 'fulfilment'] as const).map((role) => newStaff(platform, admin, role));
    const [first, ...others] = await Promise.all(staff);
    support = first!;
    fulfilment = others as [ShopUser, ShopUser];
  });

  /** Repeats `run` with a new order of three pieces of a product of its own. */
  const conflict = (name: string, run: (order: Counted, laterMs: number) => Promise<void>) =>
    test(name, async () => {
      for (const laterMs of LATER_MS) {
        const sku = await newProduct(admin, STOCKED);
        await run({ ...(await ada.placeAndWait({ sku, quantity: 3 })), sku }, laterMs);
      }
    });
  const agree = (order: Order, restocked = 0) =>
    untilBooksAgree({ platform, admin, order, stocked: STOCKED, restocked });
  /** The carrier takes the parcel: whether it had not been canceled. */
  const dispatched = async (order: Order, laterMs: number): Promise<boolean> => {
    await sleep(laterMs);
    const { status } = await tryToAdvance(platform, order);
    assert.ok(status === 200 || status === 409, `${status}`);
    return status === 200;
  };
  const delivered = async (order: Order) => {
    await advance(platform, order);
    await advance(platform, order);
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'delivered', paymentStatus: 'captured' });
  };
  const shippedAsOrdered = async (order: Order) => {
    const { canceledLines, shippingAddress, parcels } = await ada.waitForOrder(order.id, {
      status: 'confirmed',
      fulfillmentStatus: 'shipped',
      paymentStatus: 'captured',
    });
    const kept = [canceledLines, shippingAddress, parcels!.map(({ id, lines }) => ({ id, lines }))];
    assert.deepEqual(kept, [undefined, order.shippingAddress, [{ id: order.id, lines: order.parcels![0]!.lines }]]);
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, order.id), ['authorization 3750', 'capture 3750']);
  };

  conflict('a cancellation and a dispatch: the carrier decides which of them happens', async (order, laterMs) => {
    const [canceled, left] = await Promise.all([ada.cancel(order.id), dispatched(order, laterMs)]);
    if (left) {
      assertOneOf(canceled, '202', '409 TooLateToCancel');
      return shippedAsOrdered(order);
    }
    assertOneOf(canceled, '202');
    await ada.waitForOrder(order.id, { status: 'canceled', paymentStatus: 'canceled', fulfillmentStatus: 'canceled' });
    await agree(order);
  });

  conflict('another address and a dispatch: the carrier decides which of them happens', async (order, laterMs) => {
    const etag = await etagOf(ada, order.id);
    const [changed, left] = await Promise.all([changeAddress(ada, order.id, { etag }), dispatched(order, laterMs)]);
    assertOneOf(changed, left ? '409 TooLateToChange' : '200');
    if (left) return shippedAsOrdered(order);
    assert.partialDeepStrictEqual(await agree(order), { fulfillmentStatus: 'booked', shippingAddress: elsewhere() });
  });

  conflict('a division and a dispatch: the carrier decides which of them happens', async (order, laterMs) => {
    const [divided, left] = await Promise.all([
      split(fulfilment[0], order.id, ...halves(order)),
      dispatched(order, laterMs),
    ]);
    assertOneOf(divided, left ? '409 TooLateToChange' : '200');
    if (left) return shippedAsOrdered(order);
    const { fulfillmentStatus, parcels } = await agree(order);
    assert.deepEqual([fulfillmentStatus, parcels!.map(({ status }) => status)], ['booked', ['booked', 'booked']]);
  });

  conflict('canceled pieces and a dispatch: the carrier decides which of them happens', async (order, laterMs) => {
    const [canceled, left] = await Promise.all([
      cancelLines(support, order.id, [{ sku: order.sku, quantity: 1 }]),
      dispatched(order, laterMs),
    ]);
    assertOneOf(canceled, left ? '409 TooLateToCancel' : '202');
    if (left) return shippedAsOrdered(order);
    const { fulfillmentStatus, canceledLines } = await agree(order);
    assert.deepEqual([fulfillmentStatus, canceledLines], ['booked', [{ sku: order.sku, quantity: 1 }]]);
  });

  conflict('a division and a cancellation: the order is canceled, in one parcel or in two', async (order, laterMs) => {
    const [divided, canceled] = await Promise.all([
      split(fulfilment[0], order.id, ...halves(order)),
      sleep(laterMs).then(() => ada.cancel(order.id)),
    ]);
    assertOneOf(divided, '200', '409 TooLateToChange');
    assertOneOf(canceled, '202');
    await ada.waitForOrder(order.id, { status: 'canceled', paymentStatus: 'canceled', fulfillmentStatus: 'canceled' });
    await agree(order);
    assert.deepEqual(await moneyInWords(platform, order.id), ['authorization 3750', 'void 3750']);
  });

  conflict('a refund of all and a return of all: it is paid back once', async (order, laterMs) => {
    await delivered(order);
    const lines = [{ sku: order.sku, quantity: 3 }];
    const { body: asked } = await askReturn(ada, order.id, lines);
    const [refunded, received] = await Promise.all([
      sleep(laterMs).then(() => askRefund(admin, order.id, order.total.amountMinor)),
      receiveReturn(fulfilment[0], asked.id, [{ ...lines[0]!, condition: 'resellable' }]),
    ]);
    assertOneOf(refunded, '202', '409 RefundTooLarge');
    assertOneOf(received, '200');
    await ada.waitForOrder(order.id, {
      paymentStatus: 'refunded',
      fulfillmentStatus: 'returned',
      refunded: order.total,
    });
    await agree(order, 3);
    assert.deepEqual(await moneyInWords(platform, order.id), ['authorization 3750', 'capture 3750', 'refund 3750']);
  });

  conflict('two decisions about a lost parcel: the first one counts', async (order) => {
    await advance(platform, order, 'lost');
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'lost', paymentStatus: 'captured' });
    const [one, other] = fulfilment;
    const [resent, refunded] = await Promise.all([decide(one, order.id, 'resend'), decide(other, order.id, 'refund')]);
    assert.deepEqual([inWords(resent), inWords(refunded)].toSorted(), ['202', '409 NothingToResolve']);
    if (resent.status === 202) {
      assert.partialDeepStrictEqual(await agree(order), { status: 'confirmed', paymentStatus: 'captured' });
      return;
    }
    await ada.waitForOrder(order.id, { fulfillmentStatus: 'canceled', paymentStatus: 'refunded' });
    await agree(order);
  });

  conflict('two other addresses by the same version: one of them is refused', async (order) => {
    const etag = await etagOf(ada, order.id);
    const addresses = [elsewhere('N3 1AA'), elsewhere('N4 1AA')];
    const responses = await Promise.all([
      changeAddress(ada, order.id, { etag, address: addresses[0]! }),
      changeAddress(support, order.id, { etag, address: addresses[1]! }),
    ]);
    assert.deepEqual(responses.map(inWords).toSorted(), ['200', '412 PreconditionFailed']);
    const { shippingAddress } = await agree(order);
    assert.deepEqual(shippingAddress, addresses[responses.findIndex(({ status }) => status === 200)]);
  });
});

describe('after these conflicts every ledger', function () {
  this.timeout(180_000);
  const platform = sharedPlatform();

  it('agrees with every other, according to npm run reconcile', async () => {
    const { code, lines } = await reconcile(platform);
    assert.equal(code, 0, lines.join('\n'));
  });
});

/** `409 TooLateToChange` */
const inWords = (response: ApiResponse<unknown>): string =>
  [response.status, response.status < 400 ? undefined : codeOf(response)].join(' ').trim();

const assertOneOf = (response: ApiResponse<unknown>, ...expected: string[]): void =>
  assert.ok(expected.includes(inWords(response)), `${inWords(response)} is none of ${expected.join(', ')}`);

const halves = ({ sku }: Counted) => [[{ sku, quantity: 1 }], [{ sku, quantity: 2 }]];
