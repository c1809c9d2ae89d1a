import assert from 'node:assert/strict';
import { orderEvents } from '../../../bench/race/peers/choreography/events.ts';
import { type ChoreographyOrderDatabase, createOrders } from '../../../bench/race/peers/choreography/order.ts';
import type { PlacedOrder } from '../../../bench/race/peers/order.ts';
import { CHOREOGRAPHY_DATABASES } from '../../../bench/race/systems/choreography.ts';
import { type FreshDatabase, freshDatabaseOf } from '../../stage/fresh-database.ts';
import { orderWith, published } from './choreography-stage.ts';
import { deliver, eventOf } from './deliver.ts';

const FAR_LONGER_THAN_A_TEST_MS = 600_000;

describe('the order service of the choreography', function () {
  this.timeout(120_000);
  let database: FreshDatabase<ChoreographyOrderDatabase>;
  before(async () => {
    database = await freshDatabaseOf(CHOREOGRAPHY_DATABASES.find(({ name }) => name === 'order')!);
  });
  after(() => database.drop());

  const events = ({ orderId }: PlacedOrder) => published(database.db, orderEvents, orderId);
  const rowsOf = ({ orderId }: PlacedOrder) =>
    database.db.selectFrom('orders').selectAll().where('id', '=', orderId).execute();
  /** A process of the order service: after a restart, or another replica. */
  const aProcess = (patienceMs?: number) => {
    const { place, subscriptions } = createOrders(database.db, patienceMs);
    return { place, hears: (event: ReturnType<typeof eventOf>) => deliver(database.db, subscriptions, event) };
  };
  const created = ({ orderId }: PlacedOrder, trackingNumber = 'SB-1') =>
    eventOf('shipping', 'shipping.created', { orderId, trackingNumber });
  const declined = ({ orderId }: PlacedOrder) =>
    eventOf('payment', 'payment.declined', { orderId, reason: 'CardDeclined: the card was declined' });
  const short = ({ orderId }: PlacedOrder) =>
    eventOf('inventory', 'stock.failed', { orderId, reason: 'OutOfStock: A' });

  it('writes an order and its event once, also if a client asks twice at the same time', async () => {
    const order = orderWith();
    const { place } = aProcess(0);
    assert.deepEqual(await Promise.all([place(order), place(order)]), [{ status: 'pending' }, { status: 'pending' }]);
    assert.equal((await rowsOf(order)).length, 1);
    assert.deepEqual(await events(order), [{ type: 'order.created', data: order }]);
  });

  it('tells every client that waits that the order is confirmed', async () => {
    const order = orderWith();
    await aProcess(0).place(order);
    const { place, hears } = aProcess();
    const told = [place(order), place(order)];
    assert.deepEqual(await hears(created(order, 'SB-7')), ['done']);
    assert.deepEqual(await Promise.all(told), [{ status: 'confirmed' }, { status: 'confirmed' }]);
    assert.equal((await rowsOf(order))[0]!.tracking_number, 'SB-7');
    assert.deepEqual(
      (await events(order)).map(({ type }) => type),
      ['order.created'],
    );
  });

  it('tells a client that asks again after a restart what it told before', async () => {
    const [confirmed, rejected] = [orderWith(), orderWith()];
    const { place, hears } = aProcess(0);
    for (const order of [confirmed, rejected]) await place(order);
    await hears(created(confirmed));
    await hears(declined(rejected));
    const restarted = aProcess(0);
    assert.deepEqual(await restarted.place(confirmed), { status: 'confirmed' });
    assert.deepEqual(await restarted.place(rejected), {
      status: 'rejected',
      reason: 'CardDeclined: the card was declined',
    });
    assert.equal((await rowsOf(rejected)).length, 1);
  });

  it('tells a client whose order another replica decides', async () => {
    const order = orderWith();
    await aProcess(0).place(order);
    const told = aProcess(FAR_LONGER_THAN_A_TEST_MS).place(order);
    await aProcess().hears(created(order));
    assert.deepEqual(await told, { status: 'confirmed' });
  });

  for (const [name, failure] of Object.entries({ declined, short })) {
    it(`cancels an order once, however often it hears that it is ${name}`, async () => {
      const order = orderWith();
      const { place, hears } = aProcess(0);
      await place(order);
      for (const event of [failure(order), failure(order)]) assert.deepEqual(await hears(event), ['done']);
      assert.deepEqual(
        (await events(order)).map(({ type }) => type),
        ['order.created', 'order.cancelled'],
      );
      assert.equal((await rowsOf(order))[0]!.status, 'rejected');
    });
  }

  it('decides an order once: what it hears later changes nothing', async () => {
    const [first, second] = [orderWith(), orderWith()];
    const { place, hears } = aProcess(0);
    for (const order of [first, second]) await place(order);
    for (const event of [declined(first), created(first), created(second), short(second)]) await hears(event);
    assert.equal((await place(first)).status, 'rejected');
    assert.equal((await place(second)).status, 'confirmed');
    assert.deepEqual(
      (await events(second)).map(({ type }) => type),
      ['order.created'],
    );
  });
});
