import { REGISTRY } from '../../../../services/registry.ts';
import type { Registry } from '../../../../platform/service.ts';

/** Who subscribes to whom. No part knows more of the chain than its own line. */
export const CHAIN = {
  order: { port: REGISTRY.order.port, publishes: true, subscribesTo: ['payment', 'inventory', 'shipping'] },
  payment: { port: REGISTRY.payment.port, publishes: true, subscribesTo: ['order'] },
  inventory: { port: REGISTRY.inventory.port, publishes: true, subscribesTo: ['payment', 'order'] },
  shipping: { port: REGISTRY.shipping.port, publishes: true, subscribesTo: ['inventory', 'order'] },
} as const satisfies Registry;

export const PARTICIPANTS = ['payment', 'inventory', 'shipping'] as const;
export type Participant = (typeof PARTICIPANTS)[number];

/** No part is called: everything that happens is an event. */
export const NO_REQUESTS = { operations: {}, implementation: {} };
