import { randomUUID } from 'node:crypto';
import type {
  WebhookDelivery,
  WebhookEndpoint,
  WebhookEndpointRef,
  WebhookRequests,
} from '../../activities/webhook.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { NOW } from './gateway-builders.ts';

export interface FakeWebhooks {
  endpoints: Map<string, WebhookEndpoint & { customerId: string }>;
  /** By endpoint. */
  deliveries: Map<string, WebhookDelivery[]>;
}

/** The webhook service in memory, without sending anything. */
export function fakeWebhooks({ endpoints, deliveries }: FakeWebhooks): WebhookRequests {
  const own = ({ customerId, endpointId }: WebhookEndpointRef) => {
    const endpoint = endpoints.get(endpointId);
    if (endpoint?.customerId !== customerId) throw new Refusal('EndpointNotFound', 'there is no such endpoint');
    return endpoint;
  };
  return {
    async createEndpoint({ customerId, url, events }) {
      if (!url.startsWith('https://')) throw new Refusal('UrlNotAllowed', 'this must be an https:// URL');
      const id = randomUUID();
      const endpoint = { id, url, events, state: 'enabled' as const, previousSecretUntil: null, createdAt: NOW };
      endpoints.set(id, { ...endpoint, customerId });
      return { ...endpoint, secret: `whsec_${id}` };
    },
    listEndpoints: async ({ customerId }) => ({
      items: [...endpoints.values()].filter((endpoint) => endpoint.customerId === customerId),
    }),
    getEndpoint: async (ref) => own(ref),
    async deleteEndpoint(ref) {
      endpoints.delete(own(ref).id);
    },
    renewEndpointSecret: async (ref) => ({ ...own(ref), secret: `whsec_${randomUUID()}` }),
    async listDeliveries({ limit, ...ref }) {
      const items = deliveries.get(own({ customerId: ref.customerId, endpointId: ref.endpointId }).id) ?? [];
      return { items: items.slice(0, limit), next: items.length > limit ? 'c-2' : null };
    },
    async redeliver({ deliveryId, ...ref }) {
      const delivery = deliveries.get(own(ref).id)?.find(({ id }) => id === deliveryId);
      if (!delivery) throw new Refusal('DeliveryNotFound', 'there is no such delivery');
      return delivery;
    },
  };
}
