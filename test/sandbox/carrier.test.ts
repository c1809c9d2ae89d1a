import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startCarrier } from '../../sandbox/carrier.ts';
import { type Answer, get, ledgerOf, post, quiet, scratch, wholeLedger } from './asking.ts';

describe('sandbox carrier', () => {
  const folder = scratch();
  let carrier: Awaited<ReturnType<typeof startCarrier>>;
  const start = async () => {
    const callback = { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) };
    carrier = await startCarrier({ port: 0, folder, callback, logger: quiet });
  };
  const restart = async () => {
    await carrier.close();
    await start();
  };

  before(start);
  after(() => carrier.close());

  const parcel = (postalCode = 'SW1A 1AA') => ({
    orderId: randomUUID(),
    address: { name: 'Ada', line1: '1 Mill Lane', city: 'London', postalCode, country: 'GB' },
  });
  type Parcel = ReturnType<typeof parcel>;
  const book = (asked: Parcel, key = `${asked.orderId}:book`) => post(`${carrier.url}/shipments`, asked, key);
  const cancel = ({ orderId }: Parcel, key = `${orderId}:cancel`) =>
    post(`${carrier.url}/cancellations`, { orderId }, key);
  const advance = (trackingNumber: unknown) =>
    post(`${carrier.url}/shipments/${String(trackingNumber)}/advance`, undefined, '');
  const shipments = async ({ orderId }: Parcel) =>
    (await get(`${carrier.url}/shipments?orderId=${orderId}`)).body.items as Record<string, unknown>[];
  const typesOf = async ({ orderId }: Parcel) => (await ledgerOf(carrier.url, orderId)).map(({ type }) => type);
  const said = ({ status, body }: Answer) => `${status} ${body.code ?? body.status ?? ''}`.trim();

  it('books one parcel for an order: the same answer to the same key, no second one under another', async () => {
    const asked = parcel();
    const booked = await book(asked);
    const { trackingNumber } = booked.body;
    assert.deepEqual(booked, { status: 201, body: { trackingNumber, orderId: asked.orderId, status: 'booked' } });
    await restart();
    assert.deepEqual(await book(asked), booked);
    assert.equal(said(await book({ ...asked, address: parcel('EH1').address })), '422 IdempotencyKeyReused');
    assert.equal(said(await book(asked, randomUUID())), '409 AlreadyBooked');
    assert.deepEqual(await shipments(asked), [booked.body]);
    const [{ id, at, ...entry }] = (await ledgerOf(carrier.url, asked.orderId)) as [Record<string, unknown>];
    assert.ok(id && at);
    assert.deepEqual(entry, {
      orderId: asked.orderId,
      type: 'booking',
      trackingNumber,
      idempotencyKey: `${asked.orderId}:book`,
    });
  });

  it('wants an Idempotency-Key for a booking and for a cancellation', async () => {
    const asked = parcel();
    assert.equal(said(await book(asked, '')), '428 IdempotencyKeyRequired');
    assert.equal(said(await cancel(asked, '')), '428 IdempotencyKeyRequired');
    assert.equal(said(await book(asked)), '201 booked');
  });

  it('moves a parcel from booked over dispatched to delivered, and no further', async () => {
    const asked = parcel();
    const { trackingNumber } = (await book(asked)).body;
    assert.deepEqual((await advance(trackingNumber)).body, {
      trackingNumber,
      orderId: asked.orderId,
      status: 'dispatched',
    });
    assert.equal(said(await cancel(asked)), '409 AlreadyDispatched');
    assert.equal(said(await advance(trackingNumber)), '200 delivered');
    assert.equal(said(await advance(trackingNumber)), '409 CannotAdvance');
    assert.equal(said(await advance('SB0')), '404 NotFound');
    assert.deepEqual(await typesOf(asked), ['booking', 'dispatch', 'delivery']);
  });

  it('cancels once: the parcel stays where it is and is not booked again', async () => {
    const asked = parcel();
    const { trackingNumber } = (await book(asked)).body;
    const canceled = await cancel(asked);
    assert.equal(canceled.body.trackingNumber, trackingNumber);
    assert.deepEqual(await cancel(asked, randomUUID()), canceled);
    assert.equal(said(await advance(trackingNumber)), '409 CannotAdvance');
    assert.equal(said(await book(asked, randomUUID())), '409 Canceled');
    assert.deepEqual(await typesOf(asked), ['booking', 'cancellation']);
    assert.equal((await shipments(asked))[0]?.status, 'canceled');
  });

  it('cancels what was never booked: no entry, but a late booking is kept out, also after a restart', async () => {
    const asked = parcel();
    const canceled = await cancel(asked);
    assert.deepEqual([canceled.status, canceled.body.id, canceled.body.trackingNumber], [201, null, null]);
    await restart();
    assert.equal(said(await book(asked)), '409 Canceled');
    assert.deepEqual(await typesOf(asked), []);
    assert.deepEqual(await shipments(asked), []);
  });

  it('books once where many ask at once', async () => {
    const asked = parcel();
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => book(asked, `${asked.orderId}:${index}`)),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.deepEqual(await typesOf(asked), ['booking']);
  });

  it('refuses postal code 00000', async () => {
    const asked = parcel('00000');
    assert.equal(said(await book(asked)), '422 AddressUndeliverable');
    assert.equal(said(await book(asked)), '422 AddressUndeliverable');
    assert.deepEqual(await typesOf(asked), []);
  });

  it('answers 503 twice for postal code 00503, then books, counting on after a restart', async () => {
    const asked = parcel('00503');
    const statuses = [(await book(asked)).status];
    await restart();
    for (let time = 2; time <= 4; time++) statuses.push((await book(asked)).status);
    assert.deepEqual(statuses, [503, 503, 201, 201]);
    assert.deepEqual(await typesOf(asked), ['booking']);
  });

  it('books for postal code 00408 and hangs up, and answers the second time', async () => {
    const asked = parcel('00408');
    await assert.rejects(book(asked), TypeError);
    assert.deepEqual(await typesOf(asked), ['booking']);
    assert.equal(said(await book(asked)), '201 booked');
    assert.deepEqual(await typesOf(asked), ['booking']);
  });

  it('lets its ledger be read page by page', async () => {
    const asked = [parcel(), parcel(), parcel()];
    for (const one of asked) await book(one);
    const entries = await wholeLedger(carrier.url, 2);
    assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
    assert.deepEqual(
      entries.slice(-3).map(({ orderId }) => orderId),
      asked.map(({ orderId }) => orderId),
    );
  });
});
