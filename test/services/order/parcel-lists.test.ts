import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ListParcels } from '../../../activities/parcel.ts';
import { everything, kettle, newParcel, orderStage, refusedAs, teapots } from './test-order-service.ts';

const DAY_MS = 86_400_000;

describe('order service: lists of parcels', () => {
  const stage = orderStage();
  const { note } = stage;
  const [yesterday, tomorrow] = [-DAY_MS, DAY_MS].map((ms) => new Date(Date.now() + ms).toISOString());
  const list = async (request: Partial<ListParcels> = {}) =>
    (await stage.requests.listParcels({ limit: 100, ...request })).items;
  const ids = async (request: Partial<ListParcels>) => (await list(request)).map(({ parcel }) => parcel.id);

  async function promised(promisedBy: string | undefined): Promise<string> {
    const orderId = await stage.placed();
    await stage.activities.confirmOrder({ ...note(orderId), trackingNumber: `SB-${orderId}`, promisedBy });
    return orderId;
  }

  /** Orders in one parcel and in several, late ones among them, oldest first. */
  async function some() {
    const [late, inTime, unknown] = [await promised(yesterday), await promised(tomorrow), await promised(undefined)];
    const divided = await promised(tomorrow);
    const parts = [
      newParcel([teapots(1)], { promisedBy: yesterday! }),
      newParcel([teapots(1)], { promisedBy: tomorrow! }),
      newParcel([teapots(1)], { trackingNumber: null }),
      newParcel([kettle], { promisedBy: yesterday! }),
    ];
    await stage.activities.replaceParcels({ ...note(divided), replaced: [divided], parcels: parts });
    const [lateToo, , , lost] = parts.map(({ parcelId }) => parcelId);
    await stage.activities.dispatchOrder({ ...note(divided), parcelId: lost! });
    await stage.activities.noteParcel({ ...note(divided), parcelId: lost!, trouble: 'lost' });
    return { late, inTime, unknown, divided, parts: parts.map(({ parcelId }) => parcelId), lateToo, lost: lost! };
  }

  it('have those of orders in one parcel and in several, newest first, once each', async () => {
    const { late, inTime, unknown, divided, parts } = await some();
    const all = await ids({});
    const expected = new Set([late, inTime, unknown, divided, ...parts]);
    assert.deepEqual(new Set(all.filter((id) => expected.has(id))), expected);
    assert.equal(new Set(all).size, all.length);
    const pages: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await stage.requests.listParcels({ limit: 2, ...(after && { after }) });
      pages.push(...page.items.map(({ parcel }) => parcel.id));
      if (page.next === null) break;
      after = page.next;
    }
    assert.deepEqual(pages, all);
    assert.deepEqual(all.indexOf(late) > all.indexOf(inTime), true);
  });

  it('show the order with each, the same as getParcel', async () => {
    const { divided, lost } = await some();
    const order = await stage.requests.getOrder({ orderId: divided });
    for (const item of await list()) {
      assert.deepEqual(await stage.requests.getParcel({ parcelId: item.parcel.id }), item);
    }
    assert.partialDeepStrictEqual(await stage.requests.getParcel({ parcelId: lost }), {
      orderId: divided,
      orderNumber: order.number,
      customerId: order.customerId,
      late: true,
      decided: null,
      parcel: { id: lost, status: 'lost', lines: [kettle], promisedBy: yesterday },
    });
    const unknown = stage.requests.getParcel({ parcelId: randomUUID() });
    await assert.rejects(unknown, refusedAs('ParcelNotFound'));
    const notBooked = stage.requests.getParcel({ parcelId: await stage.placed() });
    await assert.rejects(notBooked, refusedAs('ParcelNotFound'));
    await assert.rejects(stage.requests.listParcels({ limit: 1, after: 'garbage' }), refusedAs('BadCursor'));
  });

  it('can be of one status, however the order travels', async () => {
    const { late, divided, parts, lost } = await some();
    const delivered = await stage.delivered();
    const back = await stage.delivered();
    await stage.receive(await stage.sendBack(back));
    const canceled = await stage.confirmed();
    const ended = { paymentStatus: 'canceled', fulfillmentStatus: 'canceled' } as const;
    await stage.activities.cancelOrder({ ...note(canceled), ...ended });
    await stage.activities.dispatchOrder(note(late));
    const having = {
      booked: parts.slice(0, 2),
      waiting: [parts[2]!],
      lost: [lost],
      dispatched: [late],
      delivered: [delivered, back],
      canceled: [divided, canceled],
    };
    for (const [status, some] of Object.entries(having)) {
      const items = await list({ status: status as ListParcels['status'] });
      assert.ok(items.every(({ parcel }) => parcel.status === status));
      for (const id of some)
        assert.ok(
          items.some(({ parcel }) => parcel.id === id),
          `${status} ${id}`,
        );
    }
    assert.deepEqual(await list({ status: 'delayed' }), []);
  });

  it('can be of late ones: promised by now, neither delivered nor canceled nor decided', async () => {
    const { late, inTime, unknown, lateToo, lost, parts, divided } = await some();
    const among = async (request: Partial<ListParcels>) => {
      const found = new Set(await ids(request));
      return [late, inTime, unknown, divided, ...parts].filter((id) => found.has(id));
    };
    assert.deepEqual(await among({ late: true }), [late, lateToo, lost]);
    assert.deepEqual(await among({ late: false }), [inTime, unknown, divided, parts[1], parts[2]]);
    assert.deepEqual(await among({ late: true, status: 'booked' }), [late, lateToo]);
    for (const request of [{}, { late: true }, { late: false }]) {
      for (const item of await list(request)) {
        assert.equal(item.late, [...(await ids({ late: true }))].includes(item.parcel.id));
      }
    }
    await stage.activities.dispatchOrder(note(late));
    assert.ok((await among({ late: true })).includes(late), 'also on its way');
    await stage.activities.deliverOrder(note(late));
    const decision = { action: 'wait', note: 'asked', resolvedBy: 'ada' } as const;
    await stage.activities.resolveParcel({ ...note(divided), parcelId: lost, ...decision });
    assert.deepEqual(await among({ late: true }), [lateToo]);
    const ended = { paymentStatus: 'canceled', fulfillmentStatus: 'booked' } as const;
    const takenOver = await promised(yesterday);
    await stage.activities.cancelOrder({ ...note(takenOver), ...ended });
    assert.ok(!(await ids({ late: true })).includes(takenOver));
    assert.equal((await stage.requests.getParcel({ parcelId: takenOver })).late, false);
  });

  it('find orders by late parcels, alone and with other conditions, and by the tracking numbers of all parcels', async () => {
    const { late, inTime, divided, parts } = await some();
    const search = async (filter: Parameters<typeof stage.requests.searchOrders>[0]) =>
      (await stage.requests.searchOrders(filter)).items.map(({ id }) => id);
    const among = async (filter: Omit<Parameters<typeof search>[0], 'limit'>) => {
      const found = await search({ ...filter, limit: 100 });
      return [late, inTime, divided].filter((id) => found.includes(id));
    };
    assert.deepEqual(await among({ late: true }), [late, divided]);
    assert.deepEqual(await among({ late: true, sku: 'kettle' }), [late, divided]);
    assert.deepEqual(await among({ late: false }), [inTime]);
    assert.deepEqual(await among({ late: true, fulfillmentStatus: 'booked' }), [late]);
    assert.deepEqual(await among({ late: true, q: late }), [late]);
    const exported = await stage.requests.exportOrders({ late: true, limit: 100 });
    assert.ok(exported.items.some(({ id }) => id === divided));

    for (const tracked of [`SB-${divided}`, `SB-${parts[3]}`]) {
      assert.deepEqual(await search({ trackingNumber: tracked, limit: 5 }), [divided]);
      assert.deepEqual(await search({ q: tracked, limit: 5 }), [divided]);
    }
    assert.deepEqual(await search({ q: `SB-${late}`, limit: 5 }), [late]);
    assert.deepEqual((await stage.requests.getOrder({ orderId: late })).parcels![0]!.lines, everything);
  });
});
