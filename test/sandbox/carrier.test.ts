import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startCarrier } from '../../sandbox/carrier.ts';
import { type JsonResponse, get, ledgerOf, post, quiet, scratch, wholeLedger } from './requests.ts';

describe('sandbox carrier', () => {
  let folder: string;
  let carrier: Awaited<ReturnType<typeof startCarrier>>;
  const start = async () => {
    const callback = { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) };
    carrier = await startCarrier({ port: 0, folder, callback, logger: quiet });
  };
  const restart = async () => {
    await carrier.close();
    await start();
  };

  before(async () => {
    folder = scratch();
    await start();
  });
  after(() => carrier.close());

  const parcel = (postalCode = 'SW1A 1AA') => ({
    orderId: randomUUID(),
    address: { name: 'Ada', line1: '1 Mill Lane', city: 'London', postalCode, country: 'GB' },
  });
  type Parcel = ReturnType<typeof parcel> & { parcelId?: string };
  const book = (request: Parcel, key = `${request.orderId}:book`) => post(`${carrier.url}/shipments`, request, key);
  const cancel = ({ orderId }: Parcel, key = `${orderId}:cancel`) =>
    post(`${carrier.url}/cancellations`, { orderId }, key);
  const advance = (trackingNumber: unknown) =>
    post(`${carrier.url}/shipments/${String(trackingNumber)}/advance`, undefined, '');
  const shipments = async ({ orderId }: Parcel) =>
    (await get(`${carrier.url}/shipments?orderId=${orderId}`)).body.items as Record<string, unknown>[];
  const typesOf = async ({ orderId }: Parcel) => (await ledgerOf(carrier.url, orderId)).map(({ type }) => type);
  const summaryOf = ({ status, body }: JsonResponse) => `${status} ${body.code ?? body.status ?? ''}`.trim();

  it('books a parcel once: the same key returns the same response, another key is refused', async () => {
    const request = parcel();
    const booked = await book(request);
    const { trackingNumber } = booked.body;
    const { orderId } = request;
    const { promisedBy } = booked.body;
    assert.deepEqual(booked, {
      status: 201,
      body: { trackingNumber, orderId, parcelId: orderId, status: 'booked', promisedBy },
    });
    await restart();
    assert.deepEqual(await book(request), booked);
    assert.equal(summaryOf(await book({ ...request, address: parcel('EH1').address })), '422 IdempotencyKeyReused');
    assert.equal(summaryOf(await book(request, randomUUID())), '409 AlreadyBooked');
    assert.deepEqual(await shipments(request), [booked.body]);
    const [{ id, at, ...entry }] = (await ledgerOf(carrier.url, request.orderId)) as [Record<string, unknown>];
    assert.ok(id && at);
    assert.deepEqual(entry, {
      orderId: request.orderId,
      type: 'booking',
      trackingNumber,
      idempotencyKey: `${request.orderId}:book`,
    });
  });

  it('requires an Idempotency-Key for a booking and for a cancellation', async () => {
    const request = parcel();
    assert.equal(summaryOf(await book(request, '')), '428 IdempotencyKeyRequired');
    assert.equal(summaryOf(await cancel(request, '')), '428 IdempotencyKeyRequired');
    assert.equal(summaryOf(await book(request)), '201 booked');
  });

  it('moves a parcel from booked to dispatched to delivered, and no further', async () => {
    const request = parcel();
    const { trackingNumber } = (await book(request)).body;
    assert.partialDeepStrictEqual((await advance(trackingNumber)).body, {
      trackingNumber,
      orderId: request.orderId,
      status: 'dispatched',
    });
    assert.equal(summaryOf(await cancel(request)), '409 AlreadyDispatched');
    assert.equal(summaryOf(await advance(trackingNumber)), '200 delivered');
    assert.equal(summaryOf(await advance(trackingNumber)), '409 CannotAdvance');
    assert.equal(summaryOf(await advance('SB0')), '404 NotFound');
    assert.deepEqual(await typesOf(request), ['booking', 'dispatch', 'delivery']);
  });

  it('cancels once: the parcel does not move and cannot be booked again', async () => {
    const request = parcel();
    const { trackingNumber } = (await book(request)).body;
    const canceled = await cancel(request);
    assert.equal(canceled.body.trackingNumber, trackingNumber);
    assert.deepEqual(await cancel(request, randomUUID()), canceled);
    assert.equal(summaryOf(await advance(trackingNumber)), '409 CannotAdvance');
    assert.equal(summaryOf(await book(request, randomUUID())), '409 Canceled');
    assert.deepEqual(await typesOf(request), ['booking', 'cancellation']);
    assert.equal((await shipments(request))[0]?.status, 'canceled');
  });

  it('cancels an order that was never booked: no entry, and a late booking is refused, also after a restart', async () => {
    const request = parcel();
    const canceled = await cancel(request);
    assert.deepEqual([canceled.status, canceled.body.id, canceled.body.trackingNumber], [201, null, null]);
    await restart();
    assert.equal(summaryOf(await book(request)), '409 Canceled');
    assert.deepEqual(await typesOf(request), []);
    assert.deepEqual(await shipments(request), []);
  });

  it('books once for concurrent requests', async () => {
    const request = parcel();
    const responses = await Promise.all(
      Array.from({ length: 8 }, (_, index) => book(request, `${request.orderId}:${index}`)),
    );
    assert.equal(responses.filter(({ status }) => status === 201).length, 1);
    assert.deepEqual(await typesOf(request), ['booking']);
  });

  it('refuses postal code 00000', async () => {
    const request = parcel('00000');
    assert.equal(summaryOf(await book(request)), '422 AddressUndeliverable');
    assert.equal(summaryOf(await book(request)), '422 AddressUndeliverable');
    assert.deepEqual(await typesOf(request), []);
  });

  it('responds with 503 twice for postal code 00503, then books; the count survives a restart', async () => {
    const request = parcel('00503');
    const statuses = [(await book(request)).status];
    await restart();
    for (let time = 2; time <= 4; time++) statuses.push((await book(request)).status);
    assert.deepEqual(statuses, [503, 503, 201, 201]);
    assert.deepEqual(await typesOf(request), ['booking']);
  });

  it('books for postal code 00408 and closes the connection, and responds the second time', async () => {
    const request = parcel('00408');
    await assert.rejects(book(request), TypeError);
    assert.deepEqual(await typesOf(request), ['booking']);
    assert.equal(summaryOf(await book(request)), '201 booked');
    assert.deepEqual(await typesOf(request), ['booking']);
  });

  it('returns its ledger page by page', async () => {
    const orders = [parcel(), parcel(), parcel()];
    for (const one of orders) await book(one);
    const entries = await wholeLedger(carrier.url, 2);
    assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
    assert.deepEqual(
      entries.slice(-3).map(({ orderId }) => orderId),
      orders.map(({ orderId }) => orderId),
    );
  });
});
