import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { WebhookDelivery } from '../../../activities/webhook.ts';
import { NOW } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('webhook endpoints at the gateway', () => {
  let gateway: Harness;
  let endpointId: string;
  let deliveryId: string;
  const endpoint = { url: 'https://example.com/hook', events: ['order.confirmed'] };
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  beforeEach(async () => {
    const { status, body } = await gateway.call('POST /v1/webhook-endpoints', { as: gateway.customer, body: endpoint });
    assert.equal(status, 201);
    assert.match((body as unknown as { secret: string }).secret, /^whsec_/);
    endpointId = body.id;
    deliveryId = randomUUID();
    const delivery: WebhookDelivery = {
      id: deliveryId,
      eventId: randomUUID(),
      type: 'order.confirmed',
      state: 'pending',
      attempts: [],
      nextAttemptAt: null,
      createdAt: NOW,
    };
    gateway.services.store.webhooks.deliveries.set(endpointId, [delivery, { ...delivery, id: randomUUID() }]);
  });

  const each = () => [
    `GET /v1/webhook-endpoints/${endpointId}`,
    `GET /v1/webhook-endpoints/${endpointId}/deliveries`,
    `POST /v1/webhook-endpoints/${endpointId}/secret`,
    `POST /v1/webhook-endpoints/${endpointId}/deliveries/${deliveryId}/redeliver`,
    `DELETE /v1/webhook-endpoints/${endpointId}`,
  ];

  it('are visible to their owner only', async () => {
    for (const what of each()) {
      for (const as of [gateway.other, gateway.admin]) {
        const { status, body } = await gateway.call(what, { as });
        assert.deepEqual([status, body.code], [404, 'EndpointNotFound'], what);
      }
      assert.equal((await gateway.call(what)).status, 401, what);
    }
    const answers = [];
    for (const what of each()) answers.push((await gateway.call(what, { as: gateway.customer })).status);
    assert.deepEqual(answers, [200, 200, 200, 202, 204]);
    assert.deepEqual((await gateway.call('GET /v1/webhook-endpoints', { as: gateway.other })).body.items, []);
  });

  it('do not show their secret and owner afterwards', async () => {
    const { text } = await gateway.call(`GET /v1/webhook-endpoints/${endpointId}`, { as: gateway.customer });
    assert.doesNotMatch(text, /secret"|customerId/);
  });

  it('list their deliveries in pages', async () => {
    const path = `/v1/webhook-endpoints/${endpointId}/deliveries`;
    const { body } = await gateway.call(`GET ${path}?limit=1`, { as: gateway.customer });
    assert.deepEqual([body.items.length, body.next], [1, `${path}?cursor=c-2&limit=1`]);
  });

  it('are refused with a reason if their URL or events are not allowed', async () => {
    const post = (body: object) => gateway.call('POST /v1/webhook-endpoints', { as: gateway.customer, body });
    const plain = await post({ ...endpoint, url: 'http://example.com/' });
    assert.deepEqual([plain.status, plain.body.code], [400, 'UrlNotAllowed']);
    for (const body of [
      { ...endpoint, events: [] },
      { ...endpoint, events: ['user.created'] },
      { ...endpoint, customerId: randomUUID() },
    ]) {
      assert.equal((await post(body)).body.code, 'InvalidRequest');
    }
  });

  it('are not found by a malformed id', async () => {
    const { status } = await gateway.call('GET /v1/webhook-endpoints/x', { as: gateway.customer });
    assert.equal(status, 404);
    const path = `/v1/webhook-endpoints/${endpointId}/deliveries/x/redeliver`;
    const { body } = await gateway.call(`POST ${path}`, { as: gateway.customer });
    assert.equal(body.code, 'DeliveryNotFound');
  });
});
