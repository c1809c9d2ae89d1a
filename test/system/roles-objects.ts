import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { eventually } from '../stage/eventually.ts';
import { expectStatus } from '../stage/api-client.ts';
import { savedMethods } from '../stage/order-requests.ts';
import { advance } from '../stage/outside-ledgers.ts';
import type { Platform } from '../stage/test-platform.ts';
import { PASSWORD, type ShopUser, newCustomer, newProduct } from '../stage/shop-users.ts';

// Nothing listens at this address.
const ENDPOINT = { url: 'http://127.0.0.1:9/', events: ['order.placed' as const] };

/** Creates an object for every path parameter. Objects with an owner belong to `owner`. */
export async function createObjects(
  platform: Platform,
  owner: ShopUser,
  admin: ShopUser,
): Promise<Record<string, string>> {
  const { id: endpointId } = await expectStatus(201, owner.api.POST('/v1/webhook-endpoints', { body: ENDPOINT }));
  const sku = await newProduct(admin, 10);
  const [orderId, stuck, { id: clientId }] = await Promise.all([
    delivered(platform, owner, sku),
    stuckOrder(owner, sku),
    expectStatus(201, admin.api.POST('/v1/admin/clients', { body: { name: 'scanner', scopes: ['stock:read'] } })),
  ]);
  const lines = [{ sku, quantity: 1 }];
  const params = { path: { orderId }, header: { 'Idempotency-Key': randomUUID() } };
  const call = owner.api.POST('/v1/orders/{orderId}/returns', { params, body: { lines, reason: 'broken' } });
  const { id: returnId } = await expectStatus(201, call);
  const { id: interventionId } = await admin.waitForIntervention(stuck);
  return {
    sku,
    orderId,
    // The first parcel of an order has its id.
    parcelId: orderId,
    returnId,
    interventionId,
    clientId,
    userId: (await newCustomer(platform)).id,
    // Nobody can guess one.
    token: `pr_${'A'.repeat(43)}`,
    endpointId,
    deliveryId: await firstDelivery(owner, endpointId),
    paymentMethodId: await savedPaymentMethod(owner, sku),
    sessionId: await otherSession(owner),
    part: 'swagger-ui.css',
    code: 'NotFound',
    kind: (await admin.waitForMail(orderId, { template: 'confirmed' })).template,
    // No event fails often enough to become a dead letter, so an allowed caller gets 404.
    deadLetterId: `notification.${randomUUID()}`,
  };
}

/** The id of the endpoint's first delivery, as soon as there is one. */
const firstDelivery = (owner: ShopUser, endpointId: string): Promise<string> =>
  eventually(async () => {
    const params = { path: { endpointId } };
    const call = owner.api.GET('/v1/webhook-endpoints/{endpointId}/deliveries', { params });
    const { items } = await expectStatus(200, call);
    return (items[0] ?? assert.fail('no delivery yet')).id;
  });

/** Creates a session of another device. */
async function otherSession(owner: ShopUser): Promise<string> {
  const { email } = await expectStatus(200, owner.api.GET('/v1/users/me'));
  await expectStatus(201, owner.api.POST('/v1/sessions', { body: { email, password: PASSWORD } }));
  const { items } = await expectStatus(200, owner.api.GET('/v1/sessions'));
  return items.find(({ current }) => !current)!.id;
}

async function delivered(platform: Platform, owner: ShopUser, sku: string): Promise<string> {
  const order = await owner.placeAndWait({ sku, quantity: 2 });
  await advance(platform, order);
  await advance(platform, order);
  await owner.waitForOrder(order.id, { fulfillmentStatus: 'delivered' });
  return order.id;
}

async function savedPaymentMethod(owner: ShopUser, sku: string): Promise<string> {
  await owner.placeAndWait({ sku, savePaymentMethod: true });
  return (await savedMethods(owner))[0]!.id;
}

/** An order that waits for a person, because its payment cannot be voided. */
async function stuckOrder(owner: ShopUser, sku: string): Promise<string> {
  const { id } = await owner.placeAndWait({ sku, paymentMethod: 'pm_sandbox_voidFails' });
  await owner.cancel(id);
  await owner.waitForOrder(id, { status: 'requires_action' });
  return id;
}
