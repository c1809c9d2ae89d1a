import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startCarrier } from '../../sandbox/carrier.ts';
import { type JsonResponse, get, ledgerOf, post, quiet, scratch } from './requests.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('parcels of an order at the sandbox carrier', () => {
  let carrier: Awaited<ReturnType<typeof startCarrier>>;
  const callback = { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) };
  before(async () => {
    carrier = await startCarrier({ port: 0, folder: scratch(), callback, logger: quiet });
  });
  after(() => carrier.close());

  interface ParcelRef {
    orderId: string;
    parcelId?: string;
  }
  const address = { name: 'Ada', line1: '1 Mill Lane', city: 'London', postalCode: 'SW1A 1AA', country: 'GB' };
  const book = (parcel: ParcelRef, key?: string, to = address) =>
    post(`${carrier.url}/shipments`, { ...parcel, address: to }, key);
  const cancel = (parcel: ParcelRef) => post(`${carrier.url}/cancellations`, parcel);
  const booked = async (parcel: ParcelRef = { orderId: randomUUID() }) =>
    (await book(parcel)).body.trackingNumber as string;
  const advance = (trackingNumber: string, to?: string) =>
    post(`${carrier.url}/shipments/${trackingNumber}/advance`, to === undefined ? undefined : { to }, '');
  const shipments = async (orderId: string) =>
    (await get(`${carrier.url}/shipments?orderId=${orderId}`)).body.items as Record<string, unknown>[];
  const entriesOf = async (orderId: string) =>
    (await ledgerOf(carrier.url, orderId)).map(({ type, trackingNumber }) => [type, trackingNumber]);
  const summaryOf = ({ status, body }: JsonResponse) => `${status} ${body.code ?? body.status ?? ''}`.trim();

  it('are booked, moved and canceled one by one', async () => {
    const orderId = randomUUID();
    const [second, third] = [randomUUID(), randomUUID()];
    const numbers = [await booked({ orderId }), await booked({ orderId, parcelId: second })] as const;
    assert.equal(summaryOf(await book({ orderId, parcelId: second })), '409 AlreadyBooked');
    assert.equal(summaryOf(await book({ orderId, parcelId: orderId })), '409 AlreadyBooked');
    await advance(numbers[0]);
    assert.equal(summaryOf(await cancel({ orderId })), '409 AlreadyDispatched');
    assert.equal((await cancel({ orderId, parcelId: second })).body.trackingNumber, numbers[1]);
    assert.equal((await cancel({ orderId, parcelId: third })).body.trackingNumber, null);
    for (const parcelId of [second, third]) {
      assert.equal(summaryOf(await book({ orderId, parcelId })), '409 Canceled');
    }
    assert.deepEqual(
      (await shipments(orderId)).map(({ parcelId, status }) => [parcelId, status]),
      [
        [orderId, 'dispatched'],
        [second, 'canceled'],
      ],
    );
    assert.deepEqual(await entriesOf(orderId), [
      ['booking', numbers[0]],
      ['booking', numbers[1]],
      ['dispatch', numbers[0]],
      ['cancellation', numbers[1]],
    ]);
  });

  it('can be booked although the order’s first was canceled, and one order cannot cancel the parcel of another', async () => {
    const [orderId, other, parcelId] = [randomUUID(), randomUUID(), randomUUID()];
    await cancel({ orderId });
    assert.equal(summaryOf(await book({ orderId, parcelId })), '201 booked');
    assert.equal((await cancel({ orderId: other, parcelId })).body.trackingNumber, null);
    assert.equal((await shipments(orderId))[0]?.status, 'booked');
  });

  it('meet simulated faults each for itself', async () => {
    const orderId = randomUUID();
    const dropped = { ...address, postalCode: '00408' };
    for (const parcelId of [randomUUID(), randomUUID()]) {
      await assert.rejects(book({ orderId, parcelId }, `${parcelId}:book`, dropped), TypeError);
      assert.equal(summaryOf(await book({ orderId, parcelId }, `${parcelId}:book`, dropped)), '201 booked');
    }
    assert.equal((await entriesOf(orderId)).length, 2);
  });

  it('are promised within five days', async () => {
    const orderId = randomUUID();
    const { promisedBy } = (await book({ orderId })).body;
    const [{ at }] = (await ledgerOf(carrier.url, orderId)) as [{ at: string }];
    assert.equal(Date.parse(String(promisedBy)) - Date.parse(at), 5 * DAY_MS);
    assert.equal((await shipments(orderId))[0]?.promisedBy, promisedBy);
  });

  it('are promised within the days that the setting says, also in parts of one', async () => {
    const impatient = await startCarrier({ port: 0, folder: scratch(), callback, promiseDays: 0.5, logger: quiet });
    try {
      const { body } = await post(`${impatient.url}/shipments`, { orderId: randomUUID(), address });
      const hours = (Date.parse(String(body.promisedBy)) - Date.now()) / (60 * 60 * 1000);
      assert.ok(hours > 11.9 && hours <= 12, String(hours));
    } finally {
      await impatient.close();
    }
  });

  // Each list: what is asked for, step by step ('': the usual way), and the status or code of each response.
  const WAYS: [steps: string[], outcomes: string[], entries: string[]][] = [
    [
      ['delayed', ''],
      ['delayed', 'delivered'],
      ['booking', 'dispatch', 'delivery'],
    ],
    [
      ['', 'delayed', 'delayed', 'lost'],
      ['dispatched', 'delayed', 'CannotAdvance', 'lost'],
      ['booking', 'dispatch'],
    ],
    [
      ['lost', 'delayed', 'lost', ''],
      ['lost', 'CannotAdvance', 'CannotAdvance', 'delivered'],
      ['booking', 'dispatch', 'delivery'],
    ],
    [
      ['lost', 'returned_to_sender', 'lost', ''],
      ['lost', 'returned_to_sender', 'CannotAdvance', 'CannotAdvance'],
      ['booking', 'dispatch', 'return'],
    ],
    [
      ['returned_to_sender', 'returned_to_sender'],
      ['returned_to_sender', 'CannotAdvance'],
      ['booking', 'dispatch', 'return'],
    ],
    [
      ['', '', 'delayed', 'lost', 'returned_to_sender'],
      ['dispatched', 'delivered', 'CannotAdvance', 'CannotAdvance', 'CannotAdvance'],
      ['booking', 'dispatch', 'delivery'],
    ],
  ];
  for (const [steps, outcomes, entries] of WAYS) {
    it(`can go this way: ${steps.map((to) => to || 'on').join(', ')}`, async () => {
      const orderId = randomUUID();
      const trackingNumber = await booked({ orderId });
      const found: string[] = [];
      for (const to of steps) {
        const { body } = await advance(trackingNumber, to || undefined);
        found.push(String(body.code ?? body.status));
      }
      assert.deepEqual(found, outcomes);
      assert.deepEqual(
        (await entriesOf(orderId)).map(([type]) => type),
        entries,
      );
    });
  }

  it('are not moved to a place that the carrier does not know, nor once they are canceled', async () => {
    const orderId = randomUUID();
    const trackingNumber = await booked({ orderId });
    assert.equal((await advance(trackingNumber, 'eaten')).status, 400);
    await cancel({ orderId });
    assert.equal(summaryOf(await advance(trackingNumber, 'lost')), '409 CannotAdvance');
  });
});
