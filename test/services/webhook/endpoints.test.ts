import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WebhookDelivery } from '../../../activities/webhook.ts';
import { WebhookStage, refuses, total } from './test-webhook-service.ts';

describe('webhook endpoints of a customer', function () {
  this.timeout(60_000);
  let stage: WebhookStage;
  beforeEach(async () => {
    stage = await WebhookStage.set();
  });
  afterEach(() => stage.close());

  it('are told of that customer’s orders, by the types asked for, and nobody else’s', async () => {
    const mine = await stage.register(['order.confirmed', 'order.shipped']);
    const stranger = await stage.register(['order.confirmed'], randomUUID());
    await stage.confirmed();
    await stage.tell('order.delivered');
    assert.deepEqual(
      (await stage.listed(mine.id)).map(({ type }) => type),
      ['order.confirmed'],
    );
    const others = await stage.database.db
      .selectFrom('deliveries')
      .where('endpoint_id', '=', stranger.id)
      .selectAll()
      .execute();
    assert.deepEqual(others, []);
  });

  it('are told once of what is told twice, and not of what was before them', async () => {
    const { id } = await stage.register();
    const event = await stage.confirmed();
    await stage.tell('order.confirmed', { total, lines: [] }, { id: event.id });
    await stage.tell('order.confirmed', { total, lines: [] }, { time: new Date(Date.now() - 60_000) });
    assert.equal((await stage.listed(id)).length, 1);
  });

  it('are found by nobody else', async () => {
    const { ref } = await stage.delivery();
    const stranger = { ...ref, customerId: randomUUID() };
    const { deliveryId: _deliveryId, ...endpoint } = stranger;
    await assert.rejects(stage.requests.getEndpoint(endpoint), refuses('EndpointNotFound'));
    await assert.rejects(stage.requests.deleteEndpoint(endpoint), refuses('EndpointNotFound'));
    await assert.rejects(stage.requests.renewEndpointSecret(endpoint), refuses('EndpointNotFound'));
    await assert.rejects(stage.requests.listDeliveries({ ...endpoint, limit: 1 }), refuses('EndpointNotFound'));
    await assert.rejects(stage.requests.redeliver(stranger), refuses('DeliveryNotFound'));
    assert.deepEqual(await stage.requests.listEndpoints({ customerId: stranger.customerId }), { items: [] });
  });

  it('are ten at most, however many are registered at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 15 }, () => stage.register()));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(refused.length, 5);
    assert.ok(refused.every(({ reason }) => refuses('TooManyEndpoints')(reason)));
  });

  it('show their secret once, and keep it encrypted', async () => {
    const { id, secret } = await stage.register();
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.ok(!('secret' in (await stage.requests.getEndpoint({ customerId: stage.customerId, endpointId: id }))));
    const row = await stage.database.db.selectFrom('endpoints').selectAll().executeTakeFirstOrThrow();
    assert.ok(!row.secret.includes(secret) && !row.secret.includes(Buffer.from(secret.slice(6), 'base64')));
  });

  it('take their deliveries along when they are deleted', async () => {
    const { ref, attempt } = await stage.delivery();
    await stage.requests.deleteEndpoint({ customerId: stage.customerId, endpointId: ref.endpointId });
    assert.equal((await attempt()).outcome, 'moot');
    assert.equal(stage.receiver.received.length, 0);
  });

  it('are listed by pages, newest first', async () => {
    const { id: endpointId } = await stage.register();
    const events = [];
    for (let number = 0; number < 5; number += 1) events.push(await stage.confirmed());
    const seen: WebhookDelivery[] = [];
    let after: string | undefined;
    do {
      const page = await stage.requests.listDeliveries({ customerId: stage.customerId, endpointId, limit: 2, after });
      seen.push(...page.items);
      after = page.next ?? undefined;
    } while (after);
    const newestFirst = seen.toSorted((a, b) => (`${a.createdAt} ${a.id}` < `${b.createdAt} ${b.id}` ? 1 : -1));
    assert.deepEqual(seen, newestFirst);
    assert.deepEqual(seen.map(({ eventId }) => eventId).toSorted(), events.map(({ id }) => id).toSorted());
    const bad = stage.requests.listDeliveries({
      customerId: stage.customerId,
      endpointId,
      limit: 2,
      after: 'not a cursor',
    });
    await assert.rejects(bad, refuses('BadCursor'));
  });
});
