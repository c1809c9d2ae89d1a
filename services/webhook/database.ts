import type { Generated } from 'kysely';
import type { WebhookDeliveryState, WebhookEndpoint, WebhookEventType } from '../../activities/webhook.ts';
import type { InboxDatabase } from '../../platform/events/inbox.ts';

export interface EndpointTable {
  id: string;
  customer_id: string;
  url: string;
  events: WebhookEventType[];
  state: Generated<WebhookEndpoint['state']>;
  secret: Buffer;
  previous_secret: Buffer | null;
  previous_until: Date | null;
  created_at: Generated<Date>;
}

export interface DeliveryTable {
  id: string;
  endpoint_id: string;
  event_id: string;
  type: WebhookEventType;
  body: string;
  state: Generated<WebhookDeliveryState>;
  round: Generated<number>;
  started_round: Generated<number>;
  next_attempt_at: Date | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface AttemptTable {
  delivery_id: string;
  round: number;
  attempt: number;
  at: Generated<Date>;
  /** Null, like the columns below, during the attempt or if the process died during it. */
  status: number | null;
  duration_ms: number | null;
  excerpt: string | null;
  error: string | null;
}

export interface WebhookDatabase extends InboxDatabase {
  endpoints: EndpointTable;
  deliveries: DeliveryTable;
  attempts: AttemptTable;
}
