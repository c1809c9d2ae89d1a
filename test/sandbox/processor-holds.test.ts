import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startProcessor } from '../../sandbox/processor.ts';
import { type JsonResponse, get, ledgerOf, post, quiet, scratch } from './requests.ts';

describe('several holds of an order at the sandbox processor', () => {
  let folder: string;
  let processor: Awaited<ReturnType<typeof startProcessor>>;
  const start = async () => (processor = await startProcessor({ port: 0, folder, logger: quiet }));
  before(async () => {
    folder = scratch();
    await start();
  });
  after(() => processor.close());

  const send = (path: string, body: object, key?: string) => post(`${processor.url}${path}`, body, key);
  const hold = (orderId: string, holdId?: string, paymentMethod = 'pm_card_visa') =>
    send('/authorizations', { orderId, holdId, amountMinor: 1000, currency: 'GBP', paymentMethod });
  const summaryOf = ({ status, body }: JsonResponse) => `${status} ${body.code ?? ''}`.trim();
  const entriesOf = async (orderId: string) =>
    (await ledgerOf(processor.url, orderId)).map(({ type, amountMinor }) => `${String(type)} ${String(amountMinor)}`);
  const statusOf = async (orderId: string, holdId?: string) =>
    (await get(`${processor.url}/payments/${orderId}${holdId ? `?holdId=${holdId}` : ''}`)).body.status;

  it('are placed, captured, voided and refunded one by one', async () => {
    const [orderId, holdId] = [randomUUID(), randomUUID()];
    assert.deepEqual([await hold(orderId), await hold(orderId, holdId)].map(summaryOf), ['201', '201']);
    assert.equal(summaryOf(await hold(orderId, holdId)), '409 AlreadyAuthorized');
    assert.equal(summaryOf(await send('/voids', { orderId })), '201');
    assert.equal(summaryOf(await send('/captures', { orderId })), '409 Voided');
    assert.equal(summaryOf(await send('/captures', { orderId, holdId })), '201');
    assert.deepEqual([await statusOf(orderId, orderId), await statusOf(orderId, holdId)], ['voided', 'captured']);
    assert.equal(await statusOf(orderId), 'captured');
    const refund = { orderId, amountMinor: 1, currency: 'GBP' };
    assert.equal(summaryOf(await send('/refunds', refund)), '409 NotCaptured');
    assert.equal(summaryOf(await send('/refunds', { ...refund, holdId })), '201');
    const expected = ['authorization 1000', 'authorization 1000', 'void 1000', 'capture 1000', 'refund 1'];
    assert.deepEqual(await entriesOf(orderId), expected);
  });

  it('are captured in parts, the last of which releases the rest', async () => {
    const orderId = randomUUID();
    await hold(orderId);
    const capture = (amountMinor: number, final: boolean) => send('/captures', { orderId, amountMinor, final });
    assert.equal(summaryOf(await capture(400, false)), '201');
    assert.equal(await statusOf(orderId), 'partially_captured');
    assert.equal(summaryOf(await capture(601, false)), '409 CaptureExceedsHold');
    assert.equal(summaryOf(await send('/voids', { orderId })), '409 AlreadyCaptured');
    assert.equal(summaryOf(await capture(500, true)), '201');
    assert.equal(summaryOf(await capture(100, true)), '409 HoldClosed');
    assert.equal(await statusOf(orderId), 'captured');
    assert.deepEqual(await entriesOf(orderId), ['authorization 1000', 'capture 400', 'capture 500', 'void 100']);
  });

  it('give back their rest, once', async () => {
    const orderId = randomUUID();
    await hold(orderId);
    await send('/captures', { orderId, amountMinor: 400, final: false });
    const rest = () => send('/voids', { orderId, rest: true });
    const [first, again] = [await rest(), await rest()];
    assert.equal(first.body.amountMinor, 600);
    assert.deepEqual(again.body, first.body);
    assert.equal(summaryOf(await send('/captures', { orderId, amountMinor: 1, final: true })), '409 HoldClosed');
    assert.deepEqual(await entriesOf(orderId), ['authorization 1000', 'capture 400', 'void 600']);
    const whole = randomUUID();
    await hold(whole);
    await send('/captures', { orderId: whole });
    assert.deepEqual((await send('/voids', { orderId: whole, rest: true })).body.id, null);
  });

  it('of pm_sandbox_holdExpires are gone when first captured; a renewed one holds', async () => {
    const [orderId, holdId] = [randomUUID(), randomUUID()];
    const card = 'pm_sandbox_holdExpires';
    await hold(orderId, undefined, card);
    assert.equal(await statusOf(orderId), 'authorized');
    for (const _again of [1, 2]) {
      assert.equal(summaryOf(await send('/captures', { orderId, amountMinor: 400, final: false })), '409 HoldExpired');
    }
    assert.equal(await statusOf(orderId), 'expired');
    await hold(orderId, holdId, card);
    assert.equal(summaryOf(await send('/captures', { orderId, holdId })), '201');
    const expected = ['authorization 1000', 'void 1000', 'authorization 1000', 'capture 1000'];
    assert.deepEqual(await entriesOf(orderId), expected);
    assert.equal(summaryOf(await send('/captures', { orderId })), '409 HoldExpired');
  });

  it('expire before they are captured, when asked to', async () => {
    const [orderId, holdId] = [randomUUID(), randomUUID()];
    const expire = (hold = '') => send(`/payments/${orderId}/expire${hold}`, {});
    assert.equal(summaryOf(await expire()), '409 NothingHeld');
    await hold(orderId);
    await send('/captures', { orderId, amountMinor: 400, final: false });
    for (const _again of [1, 2]) assert.deepEqual((await expire()).body, { orderId, status: 'expired' });
    assert.equal(await statusOf(orderId), 'expired');
    assert.equal(summaryOf(await send('/captures', { orderId, amountMinor: 1 })), '409 HoldExpired');
    await hold(orderId, holdId);
    assert.equal(summaryOf(await expire(`?holdId=${orderId}`)), '200');
    assert.deepEqual([await statusOf(orderId, orderId), await statusOf(orderId)], ['expired', 'authorized']);
    await expire();
    assert.equal(await statusOf(orderId), 'expired');
    const expected = ['authorization 1000', 'capture 400', 'void 600', 'authorization 1000', 'void 1000'];
    assert.deepEqual(await entriesOf(orderId), expected);
  });

  it('of pm_sandbox_renewalDeclined are declined after the first, which stays', async () => {
    const [orderId, holdId] = [randomUUID(), randomUUID()];
    const card = 'pm_sandbox_renewalDeclined';
    assert.equal(summaryOf(await hold(orderId, undefined, card)), '201');
    for (const later of [holdId, randomUUID()]) {
      assert.equal(summaryOf(await hold(orderId, later, card)), '402 CardDeclined');
    }
    assert.equal(summaryOf(await hold(orderId, holdId)), '201');
    assert.equal(summaryOf(await send('/captures', { orderId })), '201');
    assert.deepEqual(await entriesOf(orderId), ['authorization 1000', 'authorization 1000', 'capture 1000']);
  });

  it('are confirmed one by one, and an order’s newest without its id', async () => {
    const [orderId, holdId] = [randomUUID(), randomUUID()];
    await hold(orderId);
    const terms = { amountMinor: 1000, currency: 'GBP', paymentMethod: 'pm_sandbox_authenticationRequired' };
    const asked = await send(
      '/authorizations',
      { orderId, holdId, ...terms, customerMayAct: true },
      `${orderId}:second`,
    );
    const page = (asked.body.nextAction as { url: string }).url;
    assert.equal(page, `${processor.url}/payments/${orderId}/confirm?holdId=${holdId}`);
    assert.match(await (await fetch(page)).text(), /asks you to confirm/);
    assert.deepEqual(
      [await statusOf(orderId, holdId), await statusOf(orderId, orderId)],
      ['requires_action', 'authorized'],
    );
    const { body } = await post(`${processor.url}/payments/${orderId}/authenticate`, { outcome: 'succeeded' });
    assert.deepEqual(body, { orderId, status: 'authorized' });
    assert.equal((await get(`${processor.url}/operations/${orderId}:second`)).body.status, 201);
    assert.deepEqual(await entriesOf(orderId), ['authorization 1000', 'authorization 1000']);
  });

  it('follow those of a data folder from before, in which an order had one', async () => {
    const old = scratch();
    const [held, captured, voided, asked] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    writeOldFile(path.join(old, 'processor.sqlite'), { held, captured, voided, asked });
    const upgraded = await startProcessor({ port: 0, folder: old, logger: quiet });
    const at = (path: string, body: object) => post(`${upgraded.url}${path}`, body);
    try {
      assert.equal(summaryOf(await at('/captures', { orderId: captured, amountMinor: 1 })), '409 AlreadyCaptured');
      assert.equal(summaryOf(await at('/refunds', { orderId: captured, amountMinor: 5, currency: 'GBP' })), '201');
      const again = { orderId: voided, amountMinor: 1000, currency: 'GBP', paymentMethod: 'pm_card_visa' };
      assert.equal(summaryOf(await at('/authorizations', again)), '409 Voided');
      assert.equal(summaryOf(await at('/authorizations', { ...again, orderId: held })), '409 AlreadyAuthorized');
      assert.equal(summaryOf(await at('/captures', { orderId: held, amountMinor: 400, final: false })), '201');
      assert.equal(summaryOf(await at('/voids', { orderId: held, rest: true })), '201');
      assert.equal((await get(`${upgraded.url}/payments/${asked}`)).body.status, 'requires_action');
      assert.equal(summaryOf(await at(`/payments/${asked}/authenticate`, { outcome: 'succeeded' })), '200');
      const types = (await ledgerOf(upgraded.url, held)).map(({ type }) => type);
      assert.deepEqual(types, ['authorization', 'capture', 'void']);
    } finally {
      await upgraded.close();
    }
    // A file that was upgraded opens again.
    await (await startProcessor({ port: 0, folder: old, logger: quiet })).close();
  });
});

/** As the version before wrote it. */
function writeOldFile(file: string, orders: { held: string; captured: string; voided: string; asked: string }): void {
  const db = new DatabaseSync(file);
  db.exec(`
    create table ledger (
      sequence integer primary key,
      id text not null unique,
      order_id text not null,
      type text not null check (type in ('authorization', 'capture', 'void', 'refund')),
      amount_minor integer not null check (amount_minor >= 0),
      currency text not null,
      payment_method text not null,
      idempotency_key text not null unique,
      at text not null
    ) strict;
    create index ledger_order on ledger (order_id);
    create unique index ledger_once on ledger (order_id, type) where type <> 'refund';
    create table voided_orders (order_id text primary key) strict;
    create table confirmations (
      order_id text primary key,
      amount_minor integer not null,
      currency text not null,
      payment_method text not null,
      idempotency_key text not null,
      outcome text check (outcome in ('succeeded', 'failed')),
      event_id text not null
    ) strict;`);
  const add = db.prepare(`
    insert into ledger (id, order_id, type, amount_minor, currency, payment_method, idempotency_key, at)
    values (?1, ?2, ?3, 1000, 'GBP', 'pm_card_visa', ?1, '2026-01-05T09:00:00.000Z')`);
  for (const [order, ...types] of [
    [orders.held, 'authorization'],
    [orders.captured, 'authorization', 'capture'],
    [orders.voided, 'authorization', 'void'],
  ] as const) {
    for (const type of types) add.run(`${type}_${order}`, order, type);
  }
  db.prepare('insert into voided_orders values (?)').run(orders.voided);
  db.prepare(
    `insert into confirmations values (?, 1000, 'GBP', 'pm_sandbox_authenticationRequired', 'k', null, 'evt_1')`,
  ).run(orders.asked);
  db.close();
}
