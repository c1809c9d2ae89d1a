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
import { Safe } from '../../../services/webhook/secrets.ts';
import { type Sender, createSender } from '../../../services/webhook/sending.ts';
import { subscriptions } from '../../../services/webhook/subscriptions.ts';
import type { DeliveryWorkflows } from '../../../services/webhook/workflows.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { type Receiver, startReceiver } from '../../stage/webhook-receiver.ts';

const reach = { allowPrivate: true, resolve: async () => [] };
export const total = { amountMinor: 1250, currency: 'GBP' };

export const refuses = (code: string) => (error: unknown) => error instanceof Refusal && error.code === code;

/** The webhook service without Temporal, over a real database and with a real receiver; another customer each time. */
export class WebhookStage {
  readonly database: FreshDatabase<WebhookDatabase>;
  readonly receiver: Receiver;
  readonly customerId = randomUUID();
  readonly registry = new Registry();
  readonly figures = webhookMetrics(this.registry);
  /** What secrets are encrypted with. */
  readonly key = randomBytes(32);
  readonly requests: WebhookRequests;
  readonly activities: WebhookActivities;
  /** Deliveries that have a workflow. */
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
    endOf: async ({ deliveryId }) => (this.running.has(deliveryId) ? null : undefined),
  };

  private constructor(database: FreshDatabase<WebhookDatabase>, receiver: Receiver) {
    const { db } = database;
    const safe = new Safe(this.key);
    [this.database, this.receiver, this.#sender] = [database, receiver, createSender(reach, 1_000)];
    this.requests = { ...createEndpointRequests(db, { safe, reach }), ...createDeliveryRequests(db, this.workflows) };
    this.activities = createWebhookActivities({ db, safe, sender: this.#sender, figures: this.figures });
  }

  static async set(): Promise<WebhookStage> {
    return new WebhookStage(await freshDatabase<WebhookDatabase>('webhook'), await startReceiver());
  }

  async close(): Promise<void> {
    await this.#sender.close();
    await this.receiver.close();
    await this.database.drop();
  }

  register(events: WebhookEventType[] = ['order.confirmed'], customerId = this.customerId) {
    return this.requests.createEndpoint({ customerId, url: this.receiver.url, events });
  }

  /** What the order service tells, handled as the inbox does. */
  async tell(type: WebhookEventType, data: object = {}, { id = randomUUID(), time = new Date() } = {}) {
    const { customerId } = this;
    const event = { id, time: time.toISOString(), data: { orderId: randomUUID(), customerId, ...data } };
    const handler = subscriptions[0]!.handlers[type]!;
    await this.database.db.transaction().execute((work) => handler(event as never, work as never));
    return event;
  }

  confirmed() {
    return this.tell('order.confirmed', { total, lines: [{ sku: 'tea', quantity: 2 }] });
  }

  async listed(endpointId: string) {
    return (await this.requests.listDeliveries({ customerId: this.customerId, endpointId, limit: 100 })).items;
  }

  /** An endpoint, and one delivery to it that has not been tried. */
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

  /** What was received last, as the receiver reads it who knows this secret. */
  verified(secret: string): object {
    const { body, headers } = this.receiver.received.at(-1)!;
    return new Webhook(secret).verify(body, headers) as object;
  }
}
