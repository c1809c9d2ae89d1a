import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WebhookDelivery } from '../../../activities/webhook.ts';
import { TestWebhookService, refuses, total } from './test-webhook-service.ts';

describe('a customer’s webhook endpoints', function () {
  this.timeout(60_000);
  let service: TestWebhookService;
  beforeEach(async () => {
    service = await TestWebhookService.start();
  });
  afterEach(() => service.close());

  it('get events of the registered types, about that customer’s orders only', async () => {
    const mine = await service.register(['order.confirmed', 'order.shipped']);
    const stranger = await service.register(['order.confirmed'], randomUUID());
    await service.confirmed();
    await service.handle('order.delivered');
    assert.deepEqual(
      (await service.listed(mine.id)).map(({ type }) => type),
      ['order.confirmed'],
    );
    const others = await service.database.db
      .selectFrom('deliveries')
      .where('endpoint_id', '=', stranger.id)
      .selectAll()
      .execute();
    assert.deepEqual(others, []);
  });

  it('get an event once if it arrives twice, and no event from before their registration', async () => {
    const { id } = await service.register();
    const event = await service.confirmed();
    await service.handle('order.confirmed', { total, lines: [] }, { id: event.id });
    await service.handle('order.confirmed', { total, lines: [] }, { time: new Date(Date.now() - 60_000) });
    assert.equal((await service.listed(id)).length, 1);
  });

  it('are not found by other customers', async () => {
    const { ref } = await service.delivery();
    const stranger = { ...ref, customerId: randomUUID() };
    const { deliveryId: _deliveryId, ...endpoint } = stranger;
    await assert.rejects(service.requests.getEndpoint(endpoint), refuses('EndpointNotFound'));
    await assert.rejects(service.requests.deleteEndpoint(endpoint), refuses('EndpointNotFound'));
    await assert.rejects(service.requests.renewEndpointSecret(endpoint), refuses('EndpointNotFound'));
    await assert.rejects(service.requests.listDeliveries({ ...endpoint, limit: 1 }), refuses('EndpointNotFound'));
    await assert.rejects(service.requests.redeliver(stranger), refuses('DeliveryNotFound'));
    assert.deepEqual(await service.requests.listEndpoints({ customerId: stranger.customerId }), { items: [] });
  });

  it('are at most ten, even if more are registered concurrently', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 15 }, () => service.register()));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    assert.equal(refused.length, 5);
    assert.ok(refused.every(({ reason }) => refuses('TooManyEndpoints')(reason)));
  });

  it('show their secret once and store it encrypted', async () => {
    const { id, secret } = await service.register();
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/);
    assert.ok(!('secret' in (await service.requests.getEndpoint({ customerId: service.customerId, endpointId: id }))));
    const row = await service.database.db.selectFrom('endpoints').selectAll().executeTakeFirstOrThrow();
    assert.ok(!row.secret.includes(secret) && !row.secret.includes(Buffer.from(secret.slice(6), 'base64')));
  });

  it('are deleted with their deliveries', async () => {
    const { ref, attempt } = await service.delivery();
    await service.requests.deleteEndpoint({ customerId: service.customerId, endpointId: ref.endpointId });
    assert.equal((await attempt()).outcome, 'moot');
    assert.equal(service.receiver.received.length, 0);
  });

  it('list their deliveries in pages, newest first', async () => {
    const { id: endpointId } = await service.register();
    const events = [];
    for (let number = 0; number < 5; number += 1) events.push(await service.confirmed());
    const seen: WebhookDelivery[] = [];
    let after: string | undefined;
    do {
      const page = await service.requests.listDeliveries({
        customerId: service.customerId,
        endpointId,
        limit: 2,
        after,
      });
      seen.push(...page.items);
      after = page.next ?? undefined;
    } while (after);
    const newestFirst = seen.toSorted((a, b) => (`${a.createdAt} ${a.id}` < `${b.createdAt} ${b.id}` ? 1 : -1));
    assert.deepEqual(seen, newestFirst);
    assert.deepEqual(seen.map(({ eventId }) => eventId).toSorted(), events.map(({ id }) => id).toSorted());
    const bad = service.requests.listDeliveries({
      customerId: service.customerId,
      endpointId,
      limit: 2,
      after: 'not a cursor',
    });
    await assert.rejects(bad, refuses('BadCursor'));
  });
});
