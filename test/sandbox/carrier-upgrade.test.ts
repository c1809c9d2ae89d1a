import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { CALLBACKS_SCHEMA } from '../../sandbox/callbacks.ts';
import { startCarrier } from '../../sandbox/carrier.ts';
import { OUTCOMES_SCHEMA } from '../../sandbox/outcomes.ts';
import { openSqlite } from '../../sandbox/sqlite.ts';
import { get, ledgerOf, post, quiet, scratch } from './requests.ts';

/** The tables of the version in which an order had one parcel. */
const OLD_SCHEMA = `
  create table parcels (
    tracking_number text primary key,
    order_id text not null unique,
    address text not null,
    status text not null check (status in ('booked', 'dispatched', 'delivered', 'canceled')),
    moved_at_ms integer not null
  ) strict;
  create index parcels_to_move on parcels (moved_at_ms) where status in ('booked', 'dispatched');
  create table canceled_orders (order_id text primary key) strict;
  create table ledger (
    sequence integer primary key,
    id text not null unique,
    order_id text not null,
    type text not null check (type in ('booking', 'cancellation', 'dispatch', 'delivery')),
    tracking_number text not null references parcels,
    idempotency_key text,
    at text not null,
    unique (order_id, type)
  ) strict;`;

describe('a file of the sandbox carrier from before there were several parcels', () => {
  const [moving, canceled] = [randomUUID(), randomUUID()];
  const entry = (id: string, orderId: string, type: string, trackingNumber: string) => ({
    id,
    order_id: orderId,
    type,
    tracking_number: trackingNumber,
    idempotency_key: null,
    at: '2026-01-05T14:00:00.000Z',
  });
  let folder: string;
  const callback = { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) };
  let carrier: Awaited<ReturnType<typeof startCarrier>>;
  const start = async () => {
    carrier = await startCarrier({ port: 0, folder, callback, logger: quiet });
  };

  before(async () => {
    folder = scratch();
    const db = openSqlite(path.join(folder, 'carrier.sqlite'), OUTCOMES_SCHEMA + OLD_SCHEMA + CALLBACKS_SCHEMA);
    const parcel = { address: '{}', moved_at_ms: 1 };
    db.insert('parcels', { ...parcel, tracking_number: 'SB1', order_id: moving, status: 'dispatched' });
    db.insert('parcels', { ...parcel, tracking_number: 'SB2', order_id: canceled, status: 'canceled' });
    db.insert('canceled_orders', { order_id: canceled });
    db.insert('ledger', entry('1', moving, 'booking', 'SB1'));
    db.insert('ledger', entry('2', canceled, 'booking', 'SB2'));
    db.insert('ledger', entry('3', moving, 'dispatch', 'SB1'));
    db.insert('ledger', entry('4', canceled, 'cancellation', 'SB2'));
    db.close();
    await start();
  });
  after(() => carrier.close());

  const shipments = async (orderId: string) => (await get(`${carrier.url}/shipments?orderId=${orderId}`)).body.items;

  it('keeps its parcels, its ledger and its cancellations', async () => {
    assert.deepEqual(await shipments(moving), [
      { trackingNumber: 'SB1', orderId: moving, parcelId: moving, status: 'dispatched', promisedBy: null },
    ]);
    assert.deepEqual(
      ((await get(`${carrier.url}/ledger`)).body.items as { id: string }[]).map(({ id }) => id),
      ['1', '2', '3', '4'],
    );
    const address = { name: 'Ada', line1: '1 Mill Lane', city: 'London', country: 'GB' };
    assert.equal((await post(`${carrier.url}/shipments`, { orderId: canceled, address })).body.code, 'Canceled');
    assert.equal((await post(`${carrier.url}/cancellations`, { orderId: canceled })).body.id, '4');
  });

  it('takes further parcels, and is opened again as it is', async () => {
    const address = { name: 'Ada', line1: '1 Mill Lane', city: 'London', country: 'GB' };
    const second = await post(`${carrier.url}/shipments`, { orderId: moving, parcelId: randomUUID(), address });
    assert.equal(second.status, 201);
    await carrier.close();
    await start();
    assert.equal((await post(`${carrier.url}/shipments/SB1/advance`, { to: 'lost' }, '')).body.status, 'lost');
    assert.deepEqual(
      (await ledgerOf(carrier.url, moving)).map(({ type }) => type),
      ['booking', 'dispatch', 'booking'],
    );
  });
});
