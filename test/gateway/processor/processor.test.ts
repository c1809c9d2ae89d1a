import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { orderOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('callbacks of card processors', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  beforeEach(() => {
    gateway.services.store.receivedEvents.length = 0;
    gateway.temporal.signals.length = 0;
  });

  const ROUTES = [
    ['/v1/callbacks/processor', 'processor-signature'],
    ['/v1/callbacks/stripe', 'stripe-signature'],
  ] as const;
  const storeOrder = (difference: Parameters<typeof orderOf>[0] = {}) => {
    const order = orderOf(difference);
    gateway.services.store.orders.set(order.id, order);
    return order;
  };
  /** An event with spaces: the signature covers the bytes, not their meaning. */
  const eventAbout = (orderId: string, meaning: 'awaited' | 'heldLate') => {
    const payload = `{ "orderId":  "${orderId}" }`;
    gateway.services.store.processorEvents.set(payload, { meaning, orderId });
    return payload;
  };
  const SIGNATURE = `t=1767603600,v1=${'0a'.repeat(32)}`;
  const send = (path: string, header: string, raw: string, signature = SIGNATURE) =>
    gateway.call(`POST ${path}`, { raw, headers: { [header]: signature } });

  for (const [path, header] of ROUTES) {
    describe(`POST ${path}`, () => {
      it('tells the workflow of an order that waits for its customer', async () => {
        const { id } = storeOrder();
        assert.equal((await send(path, header, eventAbout(id, 'awaited'))).status, 204);
        assert.deepEqual(gateway.temporal.signals, [{ workflowId: `order-${id}`, name: 'paymentMoved', args: [{}] }]);
      });

      it('tells the workflow of an order that its hold has expired, and which one', async () => {
        const { id: orderId } = storeOrder();
        const [payload, holdId] = [`{ "${orderId}": "expired" }`, randomUUID()];
        gateway.services.store.processorEvents.set(payload, { meaning: 'holdExpired', orderId, holdId });
        assert.equal((await send(path, header, payload)).status, 204);
        const args = [{ expiredHoldId: holdId }];
        assert.deepEqual(gateway.temporal.signals, [{ workflowId: `order-${orderId}`, name: 'paymentMoved', args }]);
      });

      it('accepts an event about an order whose workflow has ended', async () => {
        const { id } = storeOrder({ status: 'rejected' });
        gateway.temporal.ended.add(`order-${id}`);
        assert.equal((await send(path, header, eventAbout(id, 'awaited'))).status, 204);
      });

      it('has money released once that was held too late, however often it is told', async () => {
        const { id } = storeOrder({ status: 'rejected' });
        for (const _again of [1, 2]) assert.equal((await send(path, header, eventAbout(id, 'heldLate'))).status, 204);
        const { type, options } = gateway.temporal.started.get(`late-payment-${id}`)!;
        assert.deepEqual([type, options.args], ['latePaymentWorkflow', [{ orderId: id }]]);
        assert.deepEqual(gateway.temporal.signals, []);
      });

      it('has a person asked once about a refund that was not paid, however often it is told', async () => {
        const { id: orderId } = storeOrder({ status: 'completed' });
        const refund = { orderId, refundId: randomUUID(), amount: { amountMinor: 500, currency: 'GBP' } };
        const other = randomUUID();
        const events = { [`{ "${orderId}": 1 }`]: orderId, [`{ "${orderId}": 2 }`]: other };
        for (const [event, holdId] of Object.entries(events)) {
          gateway.services.store.processorEvents.set(event, { meaning: 'refundFailed', ...refund, holdId });
          for (const _again of [1, 2]) assert.equal((await send(path, header, event)).status, 204);
        }
        const { type, options } = gateway.temporal.started.get(`failed-refund-${refund.refundId}`)!;
        assert.deepEqual([type, options.args], ['failedRefundWorkflow', [refund]]);
        // What goes back to another hold fails on its own.
        const part = gateway.temporal.started.get(`failed-refund-${refund.refundId}-${other}`)!;
        assert.deepEqual(part.options.args, [{ ...refund, holdId: other }]);
      });

      it('has a person asked once about each capture that was taken back, however often it is told', async () => {
        const { id: orderId } = storeOrder({ status: 'completed' });
        const amount = { amountMinor: 500, currency: 'GBP' };
        const captures = [orderId, randomUUID()].map((parcelId) => ({ parcelId, amount }));
        const payload = `{ "${orderId}": "failed" }`;
        gateway.services.store.processorEvents.set(payload, { meaning: 'captureFailed', orderId, captures });
        for (const _again of [1, 2]) assert.equal((await send(path, header, payload)).status, 204);
        for (const { parcelId } of captures) {
          const { type, options } = gateway.temporal.started.get(`failed-capture-${parcelId}`)!;
          assert.deepEqual([type, options.args], ['failedCaptureWorkflow', [{ parcelId, orderId, amount }]]);
        }
      });

      it('tells the workflow of a dispute, which it starts, and accepts that it has ended', async () => {
        const { id: orderId } = storeOrder({ status: 'completed' });
        const disputeId = `dp_${orderId.replaceAll('-', '')}`;
        const payload = `{ "${orderId}": "disputed" }`;
        gateway.services.store.processorEvents.set(payload, { meaning: 'disputed', orderId, disputeId });
        const workflowId = `dispute-${disputeId}`;
        assert.equal((await send(path, header, payload)).status, 204);
        assert.deepEqual(gateway.temporal.signals, [{ workflowId, name: 'disputeMoved', args: [{}] }]);
        gateway.temporal.ended.add(workflowId);
        assert.equal((await send(path, header, payload)).status, 204);
      });

      it('accepts an event that means nothing to us', async () => {
        assert.equal((await send(path, header, '{"type": "payout.paid"}')).status, 204);
        assert.deepEqual(gateway.temporal.signals, []);
      });

      it('returns 401 for a wrong signature, and does not pass on what cannot be one', async () => {
        const wrong = [
          `t=1,v1=${'00'.repeat(32)}`,
          'wrong',
          '',
          't=1',
          `t=1,v1=${'0a'.repeat(32)},${'v1=00,'.repeat(400)}`,
        ];
        for (const signature of wrong) {
          const { status, headers, body } = await send(path, header, '{}', signature);
          assert.deepEqual([status, body.code], [401, 'InvalidSignature'], signature);
          assert.equal(headers.get('www-authenticate')?.toLowerCase(), header);
        }
        assert.deepEqual(gateway.services.store.receivedEvents, [wrong[0]]);
      });

      it('returns 503 while the payment service or Temporal is away, so that it is sent again', async () => {
        const { id } = storeOrder();
        const raw = eventAbout(id, 'awaited');
        gateway.services.down.add('payments');
        assert.equal((await send(path, header, raw)).status, 503);
        gateway.services.down.delete('payments');
        gateway.temporal.down = true;
        assert.equal((await send(path, header, raw)).status, 503);
        gateway.temporal.down = false;
        assert.equal((await send(path, header, raw)).status, 204);
      });
    });
  }
});
