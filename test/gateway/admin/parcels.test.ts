import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Caller } from '../../../platform/http/route.ts';
import { lostResponse } from '../../stage/fake-temporal.ts';
import { listedParcelOf, orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

const FULFILMENT: Caller = { id: randomUUID(), role: 'fulfilment' };

describe('parcels at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => {
    const { temporal, services } = gateway;
    temporal.refusal = undefined;
    temporal.onUpdate = () => undefined;
    temporal.updates.length = 0;
    temporal.outcomes.clear();
    services.store.parcels.clear();
  });

  const store = (difference: Parameters<typeof orderOf>[0] = {}) => {
    const order = orderOf({ status: 'confirmed', ...difference });
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const storeParcel = (difference: Parameters<typeof listedParcelOf>[0] = {}) => {
    const listed = listedParcelOf({ orderId: store().id, ...difference });
    gateway.services.store.parcels.set(listed.parcel.id, listed);
    return listed;
  };
  const call = (what: string, request: Request = {}) => gateway.call(what, { as: FULFILMENT, ...request });
  const refuse = (type: string) => {
    gateway.temporal.refusal = { type, message: 'no' };
  };

  describe('divided', () => {
    const parcels = [{ lines: [{ sku: 'tea', quantity: 1 }] }, { lines: [{ sku: 'tea', quantity: 1 }] }];
    const split = (id: string, request: Request = {}) =>
      call(`POST /v1/admin/orders/${id}/parcels`, { key: randomUUID(), body: { parcels }, ...request });

    it('by an update of the workflow, and returned with their order', async () => {
      const order = store();
      const [one, two] = [listedParcelOf({}).parcel, listedParcelOf({ parcel: { trackingNumber: null } }).parcel];
      gateway.temporal.onUpdate = () => store({ ...order, parcels: [one, two] });
      const { status, body, text } = await split(order.id.toUpperCase());
      assert.equal(status, 200, text);
      const { promisedBy: _, ...shown } = one;
      const { id, lines } = two;
      assert.partialDeepStrictEqual(body, { id: order.id, parcels: [shown, { id, status: 'dispatched', lines }] });
      assert.doesNotMatch(text, /null/);
      const [update] = gateway.temporal.updates;
      assert.deepEqual([update?.workflowId, update?.name, update?.args], [`order-${order.id}`, 'split', [{ parcels }]]);
    });

    it('with one line a SKU', async () => {
      const lines = [...parcels[0]!.lines, ...parcels[1]!.lines];
      await split(store().id, { body: { parcels: [{ lines }] } });
      assert.deepEqual(gateway.temporal.updates[0]!.args, [{ parcels: [{ lines: [{ sku: 'tea', quantity: 2 }] }] }]);
      const most = { sku: 'tea', quantity: 100_000 };
      const tooMany = await split(store().id, { body: { parcels: [...parcels, { lines: [most, most] }] } });
      assert.deepEqual([tooMany.status, tooMany.body.errors[0]?.pointer], [400, '/parcels/2/lines/1/quantity']);
    });

    it('only as the workflow allows', async () => {
      for (const code of ['TooLateToChange', 'NotChangeableNow', 'LinesDiffer', 'TooMany']) {
        refuse(code);
        const { status, body } = await split(store().id);
        assert.deepEqual([status, body.code], [409, code]);
      }
      gateway.temporal.refusal = undefined;
      const ended = await split(store({ status: 'completed' }).id);
      assert.deepEqual([ended.status, ended.body.code], [409, 'TooLateToChange']);
      for (const id of [randomUUID(), 'nonsense']) assert.equal((await split(id)).body.code, 'OrderNotFound');
    });

    it('into 1 to 20', async () => {
      for (const wrong of [[], [{ lines: [] }], Array.from({ length: 21 }, () => parcels[0])]) {
        assert.equal((await split(store().id, { body: { parcels: wrong } })).status, 400);
      }
    });
  });

  describe('listed', () => {
    it('late or not, and by status, in pages', async () => {
      const decided = { action: 'wait', note: 'they search', by: randomUUID() } as const;
      const first = storeParcel({ parcel: { status: 'lost', trackingNumber: null }, late: true, decided });
      storeParcel();
      const { status, body, text } = await call('GET /v1/admin/parcels?late=true&status=lost&limit=1');
      assert.equal(status, 200, text);
      const { trackingNumber: _t, promisedBy: _p, ...shown } = first.parcel;
      const { parcel: _, ...ofOrder } = first;
      assert.deepEqual(body.items, [{ ...shown, ...ofOrder }]);
      const { listed } = gateway.services.store;
      assert.deepEqual(listed.pop(), { late: true, status: 'lost', after: undefined, limit: 1 });
      const rest = await call(`GET ${body.next}`);
      assert.deepEqual(listed.pop(), { late: true, status: 'lost', after: '1', limit: 1 });
      assert.ok(!('decided' in rest.body.items[0]!));
      await call('GET /v1/admin/parcels?late=false');
      assert.partialDeepStrictEqual(listed.pop(), { late: false });
    });

    it('not by other conditions', async () => {
      for (const query of ['late=yes', 'late=', 'status=shipped', 'orderId=1']) {
        const { status, body } = await call(`GET /v1/admin/parcels?${query}`);
        assert.deepEqual([status, body.code], [400, 'InvalidRequest'], query);
      }
      assert.equal((await call('GET /v1/admin/parcels?cursor=bad')).body.code, 'BadCursor');
    });
  });

  describe('resolved', () => {
    const decision = { action: 'resend', note: 'the carrier has lost it' } as const;
    const resolve = (id: string, request: Request = {}) =>
      call(`POST /v1/admin/parcels/${id}/resolve`, { key: randomUUID(), body: decision, ...request });

    it('by an update of the workflow of their order', async () => {
      const listed = storeParcel({ parcel: { status: 'lost' } });
      const decided = { ...decision, by: FULFILMENT.id };
      gateway.temporal.onUpdate = () => storeParcel({ ...listed, decided });
      const { status, body, text } = await resolve(listed.parcel.id.toUpperCase());
      assert.equal(status, 202, text);
      assert.partialDeepStrictEqual(body, { id: listed.parcel.id, status: 'lost', orderId: listed.orderId, decided });
      const [update] = gateway.temporal.updates;
      assert.deepEqual(
        [update?.workflowId, update?.name, update?.args],
        [
          `order-${listed.orderId}`,
          'resolveParcel',
          [{ ...decision, parcelId: listed.parcel.id, resolvedBy: FULFILMENT.id }],
        ],
      );
    });

    it('only as the workflow allows', async () => {
      for (const [type, code = type] of [
        ['NothingToResolve'],
        ['OutOfStock'],
        ['NotChangeableNow'],
        ['TooLateToChange', 'NothingToResolve'],
      ] as const) {
        refuse(type);
        const { status, body } = await resolve(storeParcel().parcel.id);
        assert.deepEqual([status, body.code], [409, code]);
      }
      gateway.temporal.refusal = undefined;
      const ended = await resolve(storeParcel({ orderId: store({ status: 'completed' }).id }).parcel.id);
      assert.deepEqual([ended.status, ended.body.code], [409, 'NothingToResolve']);
      for (const id of [randomUUID(), 'nonsense']) {
        const { status, body } = await resolve(id);
        assert.deepEqual([status, body.code], [404, 'ParcelNotFound']);
      }
    });

    it('once: a retry whose response was lost gets the first outcome, also after the order has ended', async () => {
      const listed = storeParcel({ parcel: { status: 'lost' } });
      const key = randomUUID();
      gateway.temporal.onUpdate = () => {
        gateway.temporal.ended.add(`order-${listed.orderId}`);
        throw lostResponse();
      };
      assert.equal((await resolve(listed.parcel.id, { key })).status, 503);
      assert.equal((await resolve(listed.parcel.id, { key })).status, 202);
      assert.equal(gateway.temporal.updates.length, 1);
    });

    it('with an action and a note, which the audit trail keeps', async () => {
      const { parcel } = storeParcel();
      for (const body of [{ action: 'resend' }, { ...decision, note: ' ' }, { ...decision, action: 'retry' }]) {
        assert.equal((await resolve(parcel.id, { body })).status, 400);
      }
      await resolve(parcel.id);
      const { body } = await gateway.call(`GET /v1/admin/audit?subject=${parcel.id}`, { as: gateway.admin });
      assert.partialDeepStrictEqual(body.items, [
        { operation: 'resolveParcel', actor: FULFILMENT, reason: decision.note, status: 202 },
      ]);
    });
  });

  it('are for fulfilment and admins only', async () => {
    const { parcel, orderId } = storeParcel();
    for (const what of [
      'GET /v1/admin/parcels',
      `POST /v1/admin/orders/${orderId}/parcels`,
      `POST /v1/admin/parcels/${parcel.id}/resolve`,
    ]) {
      for (const as of [gateway.customer, { id: randomUUID(), role: 'support' } as const]) {
        assert.equal((await call(what, { as, key: randomUUID() })).status, 403, what);
      }
    }
    assert.equal((await call('GET /v1/admin/parcels', { as: gateway.admin })).status, 200);
  });
});
