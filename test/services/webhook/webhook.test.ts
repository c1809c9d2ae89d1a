import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { startDue } from '../../../services/webhook/starting.ts';
import type { DeliveryWorkflows } from '../../../services/webhook/workflows.ts';
import { WebhookStage, refuses, total } from './test-webhook-service.ts';

describe('webhooks', function () {
  this.timeout(60_000);
  let stage: WebhookStage;
  beforeEach(async () => {
    stage = await WebhookStage.set();
  });
  afterEach(() => stage.close());

  describe('that are sent', () => {
    it('are signed as Standard Webhooks says, with nothing internal in them', async () => {
      const { endpoint, event, attempt, state } = await stage.delivery();
      assert.equal((await attempt()).outcome, 'delivered');
      assert.deepEqual(stage.verified(endpoint.secret), {
        type: 'order.confirmed',
        timestamp: event.time,
        data: { orderId: event.data.orderId, total, lines: [{ sku: 'tea', quantity: 2 }] },
      });
      const { headers } = stage.receiver.received[0]!;
      assert.equal(headers['webhook-id'], event.id);
      assert.equal(headers.traceparent, undefined);
      const { state: end, attempts, nextAttemptAt } = await state();
      assert.deepEqual([end, nextAttemptAt, attempts.length, attempts[0]!.status], ['delivered', null, 1, 204]);
    });

    it('are signed with both secrets while they change, and with the new one alone after that', async () => {
      const { endpoint, ref, attempt } = await stage.delivery();
      const renewed = await stage.requests.renewEndpointSecret({
        customerId: stage.customerId,
        endpointId: ref.endpointId,
      });
      assert.ok(Date.parse(renewed.previousSecretUntil!) > Date.now());
      await attempt();
      assert.equal(stage.receiver.received[0]!.headers['webhook-signature']!.split(' ').length, 2);
      for (const secret of [endpoint.secret, renewed.secret]) assert.ok(stage.verified(secret));
      await stage.database.db
        .updateTable('endpoints')
        .set({ previous_until: sql`now()` })
        .execute();
      await stage.confirmed();
      const [latest] = await stage.listed(ref.endpointId);
      await stage.activities.attemptDelivery({ deliveryId: latest!.id, round: 1, attempt: 1, retryInMs: null });
      assert.ok(stage.verified(renewed.secret));
      assert.throws(() => stage.verified(endpoint.secret), /No matching signature/);
    });

    it('are sent once an attempt, however often that is asked', async () => {
      const { attempt } = await stage.delivery();
      stage.receiver.answer = (response) => response.writeHead(503).end('later');
      const answers = await Promise.all([attempt(), attempt(), attempt()]);
      assert.equal(stage.receiver.received.length, 1);
      assert.ok(answers.every(({ outcome }) => outcome === 'failed'));
    });

    it('are not sent again where a process ended in the middle', async () => {
      const { ref, attempt, state } = await stage.delivery();
      const row = { delivery_id: ref.deliveryId, round: 1, attempt: 1 };
      await stage.database.db
        .insertInto('attempts')
        .values({ ...row, status: null, duration_ms: null, excerpt: null, error: null })
        .execute();
      assert.equal((await attempt()).outcome, 'failed');
      assert.equal(stage.receiver.received.length, 0);
      assert.match((await state()).attempts[0]!.error!, /ended in the middle/);
      assert.equal((await attempt(2)).outcome, 'delivered');
    });

    it('have failed unless the answer is 2xx, and end where no attempt is left', async () => {
      const { attempt, state } = await stage.delivery();
      const statuses = [301, 304, 400, 401, 404, 429, 500, 503];
      for (const [at, status] of statuses.entries()) {
        stage.receiver.answer = (response) => response.writeHead(status, { location: '/' }).end();
        assert.equal((await attempt(at + 1)).outcome, 'failed', String(status));
      }
      const { state: middle, nextAttemptAt } = await state();
      assert.equal(middle, 'pending');
      assert.ok(Date.parse(nextAttemptAt!) > Date.now());
      await attempt(10, { retryInMs: null });
      assert.equal((await state()).state, 'failed');
      const figures = await stage.registry.metrics();
      assert.match(figures, /webhook_attempts_total{outcome="failed"} 9/);
      assert.match(figures, /webhook_deliveries_total{outcome="failed"} 1/);
    });

    it('disable an endpoint that is gone, at once', async () => {
      const { ref, attempt, state } = await stage.delivery();
      await stage.confirmed();
      stage.receiver.answer = (response) => response.writeHead(410).end();
      assert.equal((await attempt()).outcome, 'gone');
      assert.equal(
        (await stage.requests.getEndpoint({ customerId: stage.customerId, endpointId: ref.endpointId })).state,
        'disabled',
      );
      const waiting = await state();
      const second = { deliveryId: waiting.id, round: 1, attempt: 1, retryInMs: 5_000 };
      assert.equal((await stage.activities.attemptDelivery(second)).outcome, 'gone');
      await stage.confirmed();
      assert.equal((await stage.listed(ref.endpointId)).length, 2, 'nothing more is queued');
      assert.equal(stage.receiver.received.length, 1);
      await assert.rejects(stage.requests.redeliver(ref), refuses('EndpointDisabled'));
    });

    it('read little of an answer, wait for none for long and undo no compression', async () => {
      const { attempt, state } = await stage.delivery();
      stage.receiver.answer = (response) => {
        response.writeHead(500);
        const write = () => {
          while (response.write('x'.repeat(65_536)));
          response.once('drain', write);
        };
        write();
      };
      await attempt(1);
      stage.receiver.answer = () => undefined;
      await attempt(2);
      stage.receiver.answer = (response) => void response.writeHead(500).write('slow');
      await attempt(3);
      stage.receiver.answer = (response) =>
        response.writeHead(500, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(1_000_000)));
      await attempt(4);
      stage.receiver.answer = (response) => response.socket!.destroy();
      await attempt(5);
      const [endless, silent, slow, packed, broken] = (await state()).attempts;
      assert.equal(endless!.excerpt, 'x'.repeat(500));
      assert.deepEqual([silent!.status, silent!.error], [null, 'no answer within 1 s']);
      assert.deepEqual([slow!.status, slow!.excerpt], [500, 'slow']);
      assert.doesNotMatch(packed!.excerpt!, /xxx/);
      assert.equal(broken!.status, null);
      assert.match(broken!.error!, /socket|reset/i);
    });
  });

  describe('that are begun', () => {
    const due = () => startDue({ db: stage.database.db, workflows: stage.workflows });

    it('are started once each, and again where that was not noted', async () => {
      const { ref } = await stage.delivery();
      const dies: DeliveryWorkflows = {
        ...stage.workflows,
        start: () => Promise.reject(new Error('Temporal is down')),
      };
      await assert.rejects(startDue({ db: stage.database.db, workflows: dies }));
      assert.equal(await due(), 1);
      assert.equal(await due(), 0);
      assert.deepEqual(stage.started, [{ deliveryId: ref.deliveryId, round: 1 }]);
    });

    it('are tried at once where a person asks, in a new round where they have come to their end', async () => {
      const { ref, attempt, state } = await stage.delivery();
      await stage.requests.redeliver(ref);
      assert.deepEqual(stage.retried, [], 'it is about to be started anyhow');
      await due();
      await stage.requests.redeliver(ref);
      assert.deepEqual([stage.retried.length, await due()], [1, 0]);
      assert.equal((await attempt()).outcome, 'delivered');
      stage.running.clear();
      const again = await stage.requests.redeliver(ref);
      assert.equal(again.state, 'pending');
      assert.equal(await due(), 1);
      assert.deepEqual(stage.started.at(-1), { deliveryId: ref.deliveryId, round: 2 });
      assert.equal((await attempt(2)).outcome, 'moot', 'the round before has nothing left to send');
      assert.equal((await attempt(1, { round: 2 })).outcome, 'delivered');
      assert.equal((await state()).attempts.length, 2);
      const [first, second] = stage.receiver.received;
      assert.equal(first!.headers['webhook-id'], second!.headers['webhook-id']);
      assert.equal(first!.body, second!.body);
    });

    it('begin a new round once where somebody asks during the last attempt', async () => {
      const { ref, attempt, state } = await stage.delivery();
      await due();
      stage.receiver.answer = (response) => response.writeHead(503).end();
      assert.equal((await attempt(10, { retryInMs: null })).outcome, 'failed');
      const ended = { deliveryId: ref.deliveryId, round: 1 };
      await Promise.all([stage.activities.beginAgain(ended), stage.activities.beginAgain(ended)]);
      assert.equal((await state()).state, 'pending');
      assert.equal(await due(), 1);
      assert.deepEqual(stage.started.at(-1), { deliveryId: ref.deliveryId, round: 2 });
      await attempt(1, { round: 2, retryInMs: null });
      await stage.activities.beginAgain(ended);
      assert.deepEqual([(await state()).state, await due()], ['failed', 0], 'asked again, it is not begun again');
    });

    it('begin anew where their workflow was ended by hand', async () => {
      const { ref } = await stage.delivery();
      await due();
      stage.running.clear();
      await stage.requests.redeliver(ref);
      assert.equal(await due(), 1);
      assert.equal(stage.started.at(-1)!.round, 2);
    });
  });
});
