import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import type { WebhookEventType } from '../../../activities/webhook.ts';
import { eventually } from '../../stage/eventually.ts';
import { type Receiver, startReceiver } from '../../stage/webhook-receiver.ts';
import { expectStatus } from '../../stage/api-client.ts';
import { advance } from '../../stage/outside-ledgers.ts';
import { sharedPlatform } from '../../stage/test-platform.ts';
import { PRICE_MINOR, type ShopUser, newCustomer } from '../../stage/shop-users.ts';

interface Message {
  type: WebhookEventType;
  timestamp: string;
  data: { orderId: string };
}

describe('webhooks on the whole platform', function () {
  this.timeout(300_000);
  const platform = sharedPlatform();
  let receiver: Receiver;
  let ada: ShopUser;
  beforeEach(async () => {
    [receiver, ada] = await Promise.all([startReceiver(), newCustomer(platform)]);
  });
  afterEach(() => receiver.close());

  const register = (person: ShopUser, ...events: WebhookEventType[]) =>
    expectStatus(201, person.api.POST('/v1/webhook-endpoints', { body: { url: receiver.url, events } }));
  const deliveries = async (endpointId: string) => {
    const params = { path: { endpointId } };
    return (await expectStatus(200, ada.api.GET('/v1/webhook-endpoints/{endpointId}/deliveries', { params }))).items;
  };
  const redeliver = (endpointId: string, deliveryId: string) => {
    const params = { path: { endpointId, deliveryId } };
    const address = '/v1/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/redeliver';
    return expectStatus(202, ada.api.POST(address, { params }));
  };
  /** The received messages, verified with the secret. */
  const read = (secret: string) =>
    receiver.received.map(({ body, headers }) => new Webhook(secret).verify(body, headers) as Message);

  it('reach the customer’s endpoint, each event once, signed with its secret', async () => {
    const events = ['order.placed', 'order.confirmed', 'order.shipped', 'order.delivered'] as const;
    const { id, secret } = await register(ada, ...events);
    const stranger = await newCustomer(platform);
    await register(stranger, ...events);
    const order = await ada.placeAndWait({});
    await advance(platform, order);
    await advance(platform, order);
    await eventually(async () => {
      const states = (await deliveries(id)).map(({ type, state }) => `${type} ${state}`);
      assert.deepEqual(states.toSorted(), events.map((type) => `${type} delivered`).toSorted());
    });
    const messages = read(secret);
    assert.deepEqual(messages.map(({ type }) => type).toSorted(), events.toSorted());
    assert.ok(messages.every(({ data }) => data.orderId === order.id));
    assert.deepEqual(messages.find(({ type }) => type === 'order.confirmed')!.data, {
      number: order.number,
      orderId: order.id,
      total: { amountMinor: PRICE_MINOR, currency: 'GBP' },
      lines: [{ sku: 'MUG-BLUE', quantity: 1 }],
    });
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, events.length);
  });

  it('are sent again at once if the customer requests it', async () => {
    const { id, secret } = await register(ada, 'order.confirmed');
    receiver.answer = (response) => response.writeHead(503).end();
    await ada.placeAndWait({});
    // The third attempt is due in five minutes, longer than this test waits.
    const failedTwice = async () => {
      const [delivery] = await deliveries(id);
      assert.deepEqual(
        delivery?.attempts.map(({ status }) => status),
        [503, 503],
      );
      return delivery;
    };
    const { id: deliveryId } = await eventually(failedTwice);
    receiver.answer = (response) => response.writeHead(204).end();
    await redeliver(id, deliveryId);
    await eventually(async () => assert.equal((await deliveries(id))[0]!.state, 'delivered'));
    assert.equal(read(secret).length, 3);
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
  });
});
