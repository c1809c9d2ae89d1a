import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Caller } from '../../../platform/http/route.ts';
import { lostResponse } from '../../stage/fake-temporal.ts';
import { orderBody, orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../../stage/test-gateway.ts';

const ELSEWHERE = { ...orderBody().shippingAddress, line1: '2 Low St' };
const SUPPORT: Caller = { id: randomUUID(), role: 'support' };
const WAITING = { status: 'confirmed', fulfillmentStatus: 'booked', version: 7 } as const;

describe('changes of an order at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => {
    const { temporal } = gateway;
    temporal.refusal = undefined;
    temporal.onUpdate = () => undefined;
    temporal.updates.length = 0;
    temporal.outcomes.clear();
    temporal.ended.clear();
  });

  const store = (difference: Parameters<typeof orderOf>[0] = {}) => {
    const order = orderOf({ customerId: gateway.customer.id, ...WAITING, ...difference });
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  const call = (what: string, request: Request) =>
    gateway.call(what, { as: gateway.customer, key: randomUUID(), ...request });
  const codeOf = async (answer: ReturnType<typeof call>) => {
    const { status, body } = await answer;
    return [status, body.code];
  };
  const etagOf = async (id: string, as = gateway.customer) =>
    (await gateway.call(`GET /v1/orders/${id}`, { as })).headers.get('etag')!;
  const refuse = (type: string) => {
    gateway.temporal.refusal = { type, message: 'no' };
  };

  describe('PATCH /v1/orders/{id}', () => {
    const body = { shippingAddress: ELSEWHERE };
    const change = (id: string, request: Request = {}) =>
      call(`PATCH /v1/orders/${id}`, { body, headers: { 'if-match': '*' }, ...request });

    it('has the workflow send it elsewhere, based on the version that the caller has read', async () => {
      for (const as of [gateway.customer, SUPPORT]) {
        const order = store();
        gateway.temporal.updates.length = 0;
        gateway.temporal.onUpdate = () => store({ ...order, shippingAddress: ELSEWHERE, version: 8 });
        const answer = await change(order.id, { as, headers: { 'if-match': await etagOf(order.id, as) } });
        assert.equal(answer.status, 200, answer.text);
        assert.match(answer.headers.get('etag')!, /^"8-/);
        assert.partialDeepStrictEqual(answer.body, { id: order.id, shippingAddress: ELSEWHERE });
        const [{ updateId: _, ...update }] = gateway.temporal.updates as [(typeof gateway.temporal.updates)[0]];
        const args = [{ shippingAddress: ELSEWHERE, version: 7 }];
        assert.deepEqual(update, { workflowId: `order-${order.id}`, name: 'changeAddress', args });
      }
    });

    it('needs an If-Match, which may be `*`', async () => {
      const { id } = store();
      assert.deepEqual(await codeOf(change(id, { headers: {} })), [428, 'IfMatchRequired']);
      assert.equal((await change(id)).status, 200);
      assert.deepEqual(gateway.temporal.updates[0]!.args, [{ shippingAddress: ELSEWHERE, version: undefined }]);
    });

    it('returns 412 for another version, and can then be sent again under the same key', async () => {
      const { id } = store();
      const key = randomUUID();
      for (const tag of ['W/"7-x"', 'nonsense']) {
        assert.deepEqual(await codeOf(change(id, { headers: { 'if-match': tag } })), [412, 'PreconditionFailed']);
      }
      refuse('VersionChanged');
      const tags = ['"6-x"', '"7-x"'].map((tag) => ({ headers: { 'if-match': tag }, key }));
      assert.deepEqual(await codeOf(change(id, tags[0])), [412, 'PreconditionFailed']);
      gateway.temporal.refusal = undefined;
      assert.equal((await change(id, tags[1])).status, 200);
    });

    it('returns why it cannot be made', async () => {
      for (const [type, status, code = type] of [
        ['TooLateToChange', 409],
        ['NotChangeableNow', 409],
        ['CarrierContradicts', 409, 'NotChangeableNow'],
        ['AddressUndeliverable', 422],
      ] as const) {
        refuse(type);
        assert.deepEqual(await codeOf(change(store().id)), [status, code]);
      }
    });

    it('returns 409 for an order that has ended', async () => {
      assert.deepEqual(await codeOf(change(store({ status: 'completed' }).id)), [409, 'TooLateToChange']);
      const { id } = store();
      gateway.temporal.ended.add(`order-${id}`);
      assert.deepEqual(await codeOf(change(id)), [409, 'TooLateToChange']);
    });

    it('takes another address under the key of one that the carrier refused', async () => {
      const { id } = store();
      const key = randomUUID();
      refuse('AddressUndeliverable');
      assert.equal((await change(id, { key })).status, 422);
      gateway.temporal.refusal = undefined;
      const shippingAddress = { ...ELSEWHERE, line1: '3 Low St' };
      assert.equal((await change(id, { key, body: { shippingAddress } })).status, 200);
      assert.equal(gateway.temporal.updates.length, 2);
    });

    it('returns the first outcome to a retry whose response was lost', async () => {
      const order = store();
      const key = randomUUID();
      const headers = { 'if-match': await etagOf(order.id) };
      gateway.temporal.onUpdate = () => {
        store({ ...order, shippingAddress: ELSEWHERE, version: 8 });
        throw lostResponse();
      };
      assert.equal((await change(order.id, { key, headers })).status, 503);
      assert.equal((await change(order.id, { key, headers })).status, 200);
      assert.equal(gateway.temporal.updates.length, 1);
    });

    it('refuses what is no address, and any other field', async () => {
      const { id } = store();
      const { postalCode: _, ...incomplete } = ELSEWHERE;
      for (const wrong of [{}, { shippingAddress: incomplete }, { ...body, total: 1 }]) {
        assert.equal((await change(id, { body: wrong })).status, 400);
      }
    });

    it('is for its owner and support', async () => {
      const { id } = store();
      for (const as of [gateway.other, { id: randomUUID(), role: 'fulfilment' } as const]) {
        assert.deepEqual(await codeOf(change(id, { as })), [404, 'OrderNotFound']);
      }
      assert.equal(gateway.temporal.updates.length, 0);
    });
  });

  describe('POST /v1/orders/{id}/payment-method', () => {
    const body = { paymentMethod: 'pm_card_other' };
    const name = (id: string, request: Request = {}) =>
      call(`POST /v1/orders/${id}/payment-method`, { body, ...request });

    it('names it to the workflow, and returns what the customer must do', async () => {
      const order = store({ paymentStatus: 'awaiting_customer' });
      const expiresAt = '2026-01-07T09:00:00.000Z';
      const nextAction = { type: 'redirect', url: 'https://bank.example/1', expiresAt } as const;
      gateway.temporal.onUpdate = () => store({ ...order, nextAction });
      const answer = await name(order.id);
      assert.equal(answer.status, 202, answer.text);
      assert.partialDeepStrictEqual(answer.body, { paymentStatus: 'awaiting_customer', nextAction });
      const [update] = gateway.temporal.updates;
      const args = [{ ...body, customerId: gateway.customer.id }];
      assert.deepEqual([update?.name, update?.args], ['changePaymentMethod', args]);
    });

    it('returns what the card says, and takes another one under the same key', async () => {
      const { id } = store();
      const key = randomUUID();
      for (const type of ['CardDeclined', 'InsufficientFunds', 'PaymentNotCompleted']) {
        refuse(type);
        const paymentMethod = `pm_${type}`;
        assert.deepEqual(await codeOf(name(id, { key, body: { paymentMethod } })), [422, type]);
      }
      gateway.temporal.refusal = undefined;
      assert.equal((await name(id, { key })).status, 202);
    });

    it('returns 409 for an order that waits for none, or has ended', async () => {
      for (const type of ['NotChangeableNow', 'TooLateToChange', 'Undone']) {
        refuse(type);
        assert.deepEqual(await codeOf(name(store().id)), [409, 'NotChangeableNow']);
      }
      assert.deepEqual(await codeOf(name(store({ status: 'canceled' }).id)), [409, 'NotChangeableNow']);
    });

    it('is for its owner alone', async () => {
      const { id } = store();
      for (const as of [gateway.other, gateway.admin, SUPPORT]) {
        assert.deepEqual(await codeOf(name(id, { as })), [404, 'OrderNotFound']);
      }
    });
  });

  describe('that a service did not answer', () => {
    const name = (id: string, key: string) =>
      call(`POST /v1/orders/${id}/payment-method`, { body: { paymentMethod: 'pm_card_other' }, key });

    it('is 503 with Retry-After, and attempted again by a retry', async () => {
      const { id } = store();
      const key = randomUUID();
      refuse('ServiceUnavailable');
      const away = await name(id, key);
      assert.deepEqual([away.status, away.body.code, away.body.detail], [503, 'ServiceUnavailable', 'no']);
      assert.match(away.headers.get('retry-after')!, /^\d+$/);
      assert.equal(gateway.temporal.updates.length, 1);
      gateway.temporal.refusal = undefined;
      assert.equal((await name(id, key)).status, 202);
      assert.equal(gateway.temporal.updates.length, 2);
    });

    it('is not attempted without end', async () => {
      const { id } = store();
      const key = randomUUID();
      refuse('ServiceUnavailable');
      for (let times = 0; times < 3; times += 1) assert.equal((await name(id, key)).status, 503);
      assert.equal(gateway.temporal.updates.length, 30);
    });

    it('is 503 too while Temporal is unavailable', async () => {
      const { id } = store();
      gateway.temporal.down = true;
      assert.deepEqual(await codeOf(name(id, randomUUID())), [503, 'TemporalUnavailable']);
      gateway.temporal.down = false;
    });
  });
});
