import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { startWorkflows } from '../../../services/webhook/start-workflows.ts';
import type { DeliveryWorkflows } from '../../../services/webhook/workflows.ts';
import { TestWebhookService, refuses, total } from './test-webhook-service.ts';

describe('webhooks', function () {
  this.timeout(60_000);
  let service: TestWebhookService;
  beforeEach(async () => {
    service = await TestWebhookService.start();
  });
  afterEach(() => service.close());

  describe('attempts', () => {
    it('are signed according to Standard Webhooks and contain nothing internal', async () => {
      const { endpoint, event, attempt, state } = await service.delivery();
      assert.equal((await attempt()).outcome, 'delivered');
      assert.deepEqual(service.verified(endpoint.secret), {
        type: 'order.confirmed',
        timestamp: event.time,
        data: { orderId: event.data.orderId, total, lines: [{ sku: 'tea', quantity: 2 }] },
      });
      const { headers } = service.receiver.received[0]!;
      assert.equal(headers['webhook-id'], event.id);
      assert.equal(headers.traceparent, undefined);
      const { state: end, attempts, nextAttemptAt } = await state();
      assert.deepEqual([end, nextAttemptAt, attempts.length, attempts[0]!.status], ['delivered', null, 1, 204]);
    });

    it('are signed with both secrets during a change, and with the new one alone after that', async () => {
      const { endpoint, ref, attempt } = await service.delivery();
      const renewed = await service.requests.renewEndpointSecret({
        customerId: service.customerId,
        endpointId: ref.endpointId,
      });
      assert.ok(Date.parse(renewed.previousSecretUntil!) > Date.now());
      await attempt();
      assert.equal(service.receiver.received[0]!.headers['webhook-signature']!.split(' ').length, 2);
      for (const secret of [endpoint.secret, renewed.secret]) assert.ok(service.verified(secret));
      await service.database.db
        .updateTable('endpoints')
        .set({ previous_until: sql`now()` })
        .execute();
      await service.confirmed();
      const [latest] = await service.listed(ref.endpointId);
      await service.activities.attemptDelivery({ deliveryId: latest!.id, round: 1, attempt: 1, retryInMs: null });
      assert.ok(service.verified(renewed.secret));
      assert.throws(() => service.verified(endpoint.secret), /No matching signature/);
    });

    it('send one request, however often the activity is called', async () => {
      const { attempt } = await service.delivery();
      service.receiver.answer = (response) => response.writeHead(503).end('later');
      const outcomes = await Promise.all([attempt(), attempt(), attempt()]);
      assert.equal(service.receiver.received.length, 1);
      assert.ok(outcomes.every(({ outcome }) => outcome === 'failed'));
    });

    it('are not repeated if the process died during the request', async () => {
      const { ref, attempt, state } = await service.delivery();
      const row = { delivery_id: ref.deliveryId, round: 1, attempt: 1 };
      await service.database.db
        .insertInto('attempts')
        .values({ ...row, status: null, duration_ms: null, excerpt: null, error: null })
        .execute();
      assert.equal((await attempt()).outcome, 'failed');
      assert.equal(service.receiver.received.length, 0);
      assert.match((await state()).attempts[0]!.error!, /the process ended during the attempt/);
      assert.equal((await attempt(2)).outcome, 'delivered');
    });

    it('fail unless the status is 2xx, and the delivery fails with the last of them', async () => {
      const { attempt, state } = await service.delivery();
      const statuses = [301, 304, 400, 401, 404, 429, 500, 503];
      for (const [index, status] of statuses.entries()) {
        service.receiver.answer = (response) => response.writeHead(status, { location: '/' }).end();
        assert.equal((await attempt(index + 1)).outcome, 'failed', String(status));
      }
      const { state: middle, nextAttemptAt } = await state();
      assert.equal(middle, 'pending');
      assert.ok(Date.parse(nextAttemptAt!) > Date.now());
      await attempt(10, { retryInMs: null });
      assert.equal((await state()).state, 'failed');
      const exposition = await service.registry.metrics();
      assert.match(exposition, /webhook_attempts_total{outcome="failed"} 9/);
      assert.match(exposition, /webhook_deliveries_total{outcome="failed"} 1/);
    });

    it('disable an endpoint that responds 410 Gone', async () => {
      const { ref, attempt, state } = await service.delivery();
      await service.confirmed();
      service.receiver.answer = (response) => response.writeHead(410).end();
      assert.equal((await attempt()).outcome, 'gone');
      assert.equal(
        (await service.requests.getEndpoint({ customerId: service.customerId, endpointId: ref.endpointId })).state,
        'disabled',
      );
      const waiting = await state();
      const second = { deliveryId: waiting.id, round: 1, attempt: 1, retryInMs: 5_000 };
      assert.equal((await service.activities.attemptDelivery(second)).outcome, 'gone');
      await service.confirmed();
      assert.equal((await service.listed(ref.endpointId)).length, 2, 'nothing more is queued');
      assert.equal(service.receiver.received.length, 1);
      await assert.rejects(service.requests.redeliver(ref), refuses('EndpointDisabled'));
    });

    it('read only the beginning of a response, time out and do not decompress', async () => {
      const { attempt, state } = await service.delivery();
      service.receiver.answer = (response) => {
        response.writeHead(500);
        const write = () => {
          while (response.write('x'.repeat(65_536)));
          response.once('drain', write);
        };
        write();
      };
      await attempt(1);
      service.receiver.answer = () => undefined;
      await attempt(2);
      service.receiver.answer = (response) => void response.writeHead(500).write('slow');
      await attempt(3);
      service.receiver.answer = (response) =>
        response.writeHead(500, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1_000_000)));
      await attempt(4);
      service.receiver.answer = (response) => response.socket!.destroy();
      await attempt(5);
      const [endless, silent, slow, packed, broken] = (await state()).attempts;
      assert.equal(endless!.excerpt, 'x'.repeat(500));
      assert.deepEqual([silent!.status, silent!.error], [null, 'no response within 1 s']);
      assert.deepEqual([slow!.status, slow!.excerpt], [500, 'slow']);
      assert.doesNotMatch(packed!.excerpt!, /xxx/);
      assert.equal(broken!.status, null);
      assert.match(broken!.error!, /socket|reset/i);
    });
  });

  describe('deliveries', () => {
    const due = () => startWorkflows({ db: service.database.db, workflows: service.workflows });

    it('have their workflow started once, and again if the start was not recorded', async () => {
      const { ref } = await service.delivery();
      const unavailable: DeliveryWorkflows = {
        ...service.workflows,
        start: () => Promise.reject(new Error('Temporal is down')),
      };
      await assert.rejects(startWorkflows({ db: service.database.db, workflows: unavailable }));
      assert.equal(await due(), 1);
      assert.equal(await due(), 0);
      assert.deepEqual(service.started, [{ deliveryId: ref.deliveryId, round: 1 }]);
    });

    it('are retried at once on request, in a new round if they have ended', async () => {
      const { ref, attempt, state } = await service.delivery();
      await service.requests.redeliver(ref);
      assert.deepEqual(service.retried, [], 'its workflow is about to be started anyway');
      await due();
      await service.requests.redeliver(ref);
      assert.deepEqual([service.retried.length, await due()], [1, 0]);
      assert.equal((await attempt()).outcome, 'delivered');
      service.running.clear();
      const again = await service.requests.redeliver(ref);
      assert.equal(again.state, 'pending');
      assert.equal(await due(), 1);
      assert.deepEqual(service.started.at(-1), { deliveryId: ref.deliveryId, round: 2 });
      assert.equal((await attempt(2)).outcome, 'moot', 'the previous round has nothing left to send');
      assert.equal((await attempt(1, { round: 2 })).outcome, 'delivered');
      assert.equal((await state()).attempts.length, 2);
      const [first, second] = service.receiver.received;
      assert.equal(first!.headers['webhook-id'], second!.headers['webhook-id']);
      assert.equal(first!.body, second!.body);
    });

    it('begin one new round if a retry is requested during the last attempt', async () => {
      const { ref, attempt, state } = await service.delivery();
      await due();
      service.receiver.answer = (response) => response.writeHead(503).end();
      assert.equal((await attempt(10, { retryInMs: null })).outcome, 'failed');
      const ended = { deliveryId: ref.deliveryId, round: 1 };
      await Promise.all([service.activities.beginAgain(ended), service.activities.beginAgain(ended)]);
      assert.equal((await state()).state, 'pending');
      assert.equal(await due(), 1);
      assert.deepEqual(service.started.at(-1), { deliveryId: ref.deliveryId, round: 2 });
      await attempt(1, { round: 2, retryInMs: null });
      await service.activities.beginAgain(ended);
      assert.deepEqual([(await state()).state, await due()], ['failed', 0], 'a repeat begins no further round');
    });

    it('begin a new round if their workflow was ended by hand', async () => {
      const { ref } = await service.delivery();
      await due();
      service.running.clear();
      await service.requests.redeliver(ref);
      assert.equal(await due(), 1);
      assert.equal(service.started.at(-1)!.round, 2);
    });
  });
});
