import { randomBytes, randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { Webhook } from 'standardwebhooks';
import type { WebhookActivities, WebhookEventType, WebhookRequests } from '../../../activities/webhook.ts';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { createWebhookActivities } from '../../../services/webhook/activities.ts';
import type { WebhookDatabase } from '../../../services/webhook/database.ts';
import { createDeliveryRequests } from '../../../services/webhook/deliveries.ts';
import { createEndpointRequests } from '../../../services/webhook/endpoints.ts';
import { webhookMetrics } from '../../../services/webhook/metrics.ts';
import { SecretCipher } from '../../../services/webhook/secrets.ts';
import { type Sender, createSender } from '../../../services/webhook/sender.ts';
import { subscriptions } from '../../../services/webhook/subscriptions.ts';
import type { DeliveryWorkflows } from '../../../services/webhook/workflows.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { type Receiver, startReceiver } from '../../stage/webhook-receiver.ts';

const urlPolicy = { allowPrivate: true, resolve: async () => [] };
export const total = { amountMinor: 1250, currency: 'GBP' };

export const refuses = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code;

/** The webhook service without Temporal, with a real database, a real receiver and a customer of its own. */
export class TestWebhookService {
  readonly database: FreshDatabase<WebhookDatabase>;
  readonly receiver: Receiver;
  readonly customerId = randomUUID();
  readonly registry = new Registry();
  readonly metrics = webhookMetrics(this.registry);
  /** Encrypts the endpoints' secrets. */
  readonly key = randomBytes(32);
  readonly requests: WebhookRequests;
  readonly activities: WebhookActivities;
  /** Deliveries with a running workflow. */
  readonly running = new Set<string>();
  readonly started: { deliveryId: string; round: number }[] = [];
  readonly retried: string[] = [];
  readonly #sender: Sender;

  readonly workflows: DeliveryWorkflows = {
    start: async (input) => {
      this.started.push(input);
      this.running.add(input.deliveryId);
      return true;
    },
    retryNow: async (deliveryId) => {
      this.retried.push(deliveryId);
      return this.running.has(deliveryId);
    },
    closeStatus: async ({ deliveryId }) => (this.running.has(deliveryId) ? null : undefined),
  };

  private constructor(database: FreshDatabase<WebhookDatabase>, receiver: Receiver) {
    const { db } = database;
    const secretCipher = new SecretCipher(this.key);
    [this.database, this.receiver, this.#sender] = [database, receiver, createSender(urlPolicy, 1_000)];
    this.requests = {
      ...createEndpointRequests(db, { secretCipher, urlPolicy }),
      ...createDeliveryRequests(db, this.workflows),
    };
    this.activities = createWebhookActivities({ db, secretCipher, sender: this.#sender, metrics: this.metrics });
  }

  static async start(): Promise<TestWebhookService> {
    return new TestWebhookService(await freshDatabase<WebhookDatabase>('webhook'), await startReceiver());
  }

  async close(): Promise<void> {
    await this.#sender.close();
    await this.receiver.close();
    await this.database.drop();
  }

  register(events: WebhookEventType[] = ['order.confirmed'], customerId = this.customerId) {
    return this.requests.createEndpoint({ customerId, url: this.receiver.url, events });
  }

  /** Handles an event of the order service as the inbox does. */
  async handle(type: WebhookEventType, data: object = {}, { id = randomUUID(), time = new Date() } = {}) {
    const { customerId } = this;
    const event = { id, time: time.toISOString(), data: { orderId: randomUUID(), customerId, ...data } };
    const handler = subscriptions[0]!.handlers[type]!;
    await this.database.db.transaction().execute((transaction) => handler(event as never, transaction as never));
    return event;
  }

  confirmed() {
    return this.handle('order.confirmed', { total, lines: [{ sku: 'tea', quantity: 2 }] });
  }

  async listed(endpointId: string) {
    return (await this.requests.listDeliveries({ customerId: this.customerId, endpointId, limit: 100 })).items;
  }

  /** Registers an endpoint with one delivery that has not been attempted. */
  async delivery() {
    const endpoint = await this.register();
    const event = await this.confirmed();
    const { id } = (await this.listed(endpoint.id))[0]!;
    const attempt = (
      number = 1,
      { round = 1, retryInMs = 5_000 }: { round?: number; retryInMs?: number | null } = {},
    ) => this.activities.attemptDelivery({ deliveryId: id, round, attempt: number, retryInMs });
    const ref = { customerId: this.customerId, endpointId: endpoint.id, deliveryId: id };
    return { endpoint, event, ref, attempt, state: async () => (await this.listed(endpoint.id))[0]! };
  }

  /** Verifies the last request with this secret, as a receiver does; returns its body. */
  verified(secret: string): object {
    const { body, headers } = this.receiver.received.at(-1)!;
    return new Webhook(secret).verify(body, headers) as object;
  }
}
