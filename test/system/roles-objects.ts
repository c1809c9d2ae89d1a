import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventually } from '../stage/eventually.ts';
import { expected } from '../stage/api-client.ts';
import { advance } from '../stage/outside-ledgers.ts';
import type { Platform } from '../stage/test-platform.ts';
import { PASSWORD, type Person, newProduct } from '../stage/shop-people.ts';

// Nobody listens there.
const ENDPOINT = { url: 'http://127.0.0.1:9/', events: ['order.placed' as const] };

/** One of everything that a path can name: the owner's, where it is somebody's. */
export async function makeObjects(platform: Platform, owner: Person, keeper: Person): Promise<Record<string, string>> {
  const { id: endpointId } = await expected(201, owner.api.POST('/v1/webhook-endpoints', { body: ENDPOINT }));
  const sku = await newProduct(keeper, 10);
  const [orderId, stuck, { id: clientId }] = await Promise.all([
    delivered(platform, owner, sku),
    stuckOrder(owner, sku),
    expected(201, keeper.api.POST('/v1/admin/clients', { body: { name: 'scanner', scopes: ['stock:read'] } })),
  ]);
  const lines = [{ sku, quantity: 1 }];
  const params = { path: { orderId }, header: { 'Idempotency-Key': randomUUID() } };
  const asked = owner.api.POST('/v1/orders/{orderId}/returns', { params, body: { lines, reason: 'broken' } });
  const { id: returnId } = await expected(201, asked);
  const { id: interventionId } = await keeper.intervention(stuck);
  return {
    sku,
    orderId,
    returnId,
    interventionId,
    clientId,
    endpointId,
    deliveryId: await delivery(owner, endpointId),
    sessionId: await otherSession(owner),
    part: 'swagger-ui.css',
    // Nothing here fails so often; where somebody may, it is not there.
    deadLetterId: `notification.${randomUUID()}`,
  };
}

/** What the endpoint is told of, as soon as the news has come round. */
const delivery = (owner: Person, endpointId: string): Promise<string> =>
  eventually(async () => {
    const params = { path: { endpointId } };
    const asked = owner.api.GET('/v1/webhook-endpoints/{endpointId}/deliveries', { params });
    const { items } = await expected(200, asked);
    return (items[0] ?? assert.fail('nothing is told yet')).id;
  });

/** Another device than the one that asks. */
async function otherSession(owner: Person): Promise<string> {
  const { email } = await expected(200, owner.api.GET('/v1/users/me'));
  await expected(201, owner.api.POST('/v1/sessions', { body: { email, password: PASSWORD } }));
  const { items } = await expected(200, owner.api.GET('/v1/sessions'));
  return items.find(({ current }) => !current)!.id;
}

async function delivered(platform: Platform, owner: Person, sku: string): Promise<string> {
  const order = await owner.placed({ sku, quantity: 2 });
  await advance(platform, order);
  await advance(platform, order);
  await owner.orderOnce(order.id, { fulfillmentStatus: 'delivered' });
  return order.id;
}

/** One that waits for a person: its money cannot be given back. */
async function stuckOrder(owner: Person, sku: string): Promise<string> {
  const { id } = await owner.placed({ sku, paymentMethod: 'pm_sandbox_voidFails' });
  await owner.cancel(id);
  await owner.orderOnce(id, { status: 'requires_action' });
  return id;
}
