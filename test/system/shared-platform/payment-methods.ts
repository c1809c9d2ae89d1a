import assert from 'node:assert/strict';
import { codeOf } from '../../stage/api-client.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { untilBooksAgree } from '../../stage/order-books.ts';
import { namePaymentMethod, removeSavedMethod, savedMethods } from '../../stage/order-requests.ts';
import { advance, moneyInWords } from '../../stage/outside-ledgers.ts';
import { runTool } from '../../stage/run-tool.ts';
import {
  type Order,
  type OrderDifference,
  type ShopUser,
  newCustomer,
  newGuest,
  newProduct,
  orderRequest,
  signInAsAdmin,
} from '../../stage/shop-users.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';

const STOCKED = 3;
const [HELD, RELEASED, CAPTURED] = ['authorization 1250', 'void 1250', 'capture 1250'];

describe('a payment method that a customer saves', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  const test = concurrently(3);
  let admin: ShopUser;

  before(async () => {
    admin = await signInAsAdmin(platform);
  });

  const product = () => newProduct(admin, STOCKED);
  const ordered = async (ada: ShopUser, difference: OrderDifference): Promise<Order> =>
    ada.placeAndWait({ sku: await product(), ...difference });
  const saved = async (ada: ShopUser): Promise<string> => {
    await ordered(ada, { savePaymentMethod: true });
    return (await savedMethods(ada))[0]!.id;
  };
  const ledger = ({ id }: Order) => moneyInWords(platform, id);
  const agree = (order: Order) => untilBooksAgree({ platform, admin, order, stocked: STOCKED });
  const isDeclined = async (caller: ShopUser, paymentMethod: string) => {
    const order = await caller.placeAndWait({ sku: await product(), paymentMethod }, 'rejected');
    assert.equal(order.rejection?.code, 'CardDeclined');
    assert.deepEqual(await ledger(order), []);
  };

  test('pays for the next order, and for nobody else’s', async () => {
    const [ada, eve, guest] = await Promise.all([newCustomer(platform), newCustomer(platform), newGuest(platform)]);
    await ordered(ada, {});
    assert.deepEqual(await savedMethods(ada), []);
    const id = await saved(ada);
    const { savedAt: _savedAt, ...shown } = (await savedMethods(ada))[0]!;
    assert.deepEqual(shown, { id, brand: 'visa', last4: '4242', expires: '2034-12' });
    assert.deepEqual(await savedMethods(eve), []);

    const order = await ordered(ada, { paymentMethod: id });
    await advance(platform, order);
    await ada.waitForOrder(order.id, { paymentStatus: 'captured' });
    await agree(order);
    assert.deepEqual(await ledger(order), [HELD, CAPTURED]);

    await isDeclined(eve, id);
    await isDeclined(guest, id);
    const foreign = await removeSavedMethod(eve, id);
    assert.deepEqual([foreign.status, codeOf(foreign)], [404, 'PaymentMethodNotFound']);
    const refused = await guest.place(orderRequest({ savePaymentMethod: true }));
    assert.deepEqual([refused.status, codeOf(refused)], [403, 'AccountRequired']);
    assert.equal((await savedMethods(ada)).length, 1);
  });

  test('is not saved if the card is declined', async () => {
    const ada = await newCustomer(platform);
    const declined = {
      sku: await product(),
      paymentMethod: 'pm_card_chargeDeclined',
      savePaymentMethod: true,
    } as const;
    await ada.placeAndWait(declined, 'rejected');
    assert.deepEqual(await savedMethods(ada), []);
  });

  test('is removed: it pays for no order, and holds the money of none again', async () => {
    const ada = await newCustomer(platform);
    const id = await saved(ada);
    const waiting = await ordered(ada, { paymentMethod: id });
    assert.equal((await removeSavedMethod(ada, id)).status, 204);
    assert.equal((await removeSavedMethod(ada, id)).status, 204);
    assert.deepEqual(await savedMethods(ada), []);
    await isDeclined(ada, id);

    const { code, lines } = await runTool(platform, 'fast-forward', waiting.number, '7d');
    assert.equal(code, 0, lines.join('\n'));
    await ada.waitForOrder(waiting.id, { paymentStatus: 'awaiting_customer' });
    const again = await namePaymentMethod(ada, waiting.id, id);
    assert.deepEqual([again.status, codeOf(again)], [422, 'CardDeclined']);
    const other = await saved(ada);
    assert.equal((await namePaymentMethod(ada, waiting.id, other)).status, 202);
    assert.partialDeepStrictEqual(await agree(waiting), { paymentStatus: 'authorized', fulfillmentStatus: 'booked' });
    assert.deepEqual(await ledger(waiting), [HELD, HELD, RELEASED]);
  });
});
