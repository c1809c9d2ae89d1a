import type { Kysely } from 'kysely';
import { inventoryEvents, paymentEvents, shippingEvents } from '../../../bench/race/peers/choreography/events.ts';
import { inventorySubscriptions } from '../../../bench/race/peers/choreography/inventory.ts';
import { paymentSubscriptions } from '../../../bench/race/peers/choreography/payment.ts';
import type { Participant } from '../../../bench/race/peers/choreography/registry.ts';
import { shippingSubscriptions } from '../../../bench/race/peers/choreography/shipping.ts';
import type { PlacedOrder } from '../../../bench/race/peers/order.ts';
import type { Subscription } from '../../../platform/events/subscription.ts';
import { createInventoryActivities } from '../../../services/inventory/activities.ts';
import { createPaymentActivities } from '../../../services/payment/activities.ts';
import { createSandboxProcessor } from '../../../services/payment/processor/sandbox.ts';
import { createShippingActivities } from '../../../services/shipping/activities.ts';
import { createSandboxCarrier } from '../../../services/shipping/sandbox-carrier.ts';
import type { ChoreographyStage, Effects, EventDatabase } from './choreography-stage.ts';

/** Runs before or after a step, or throws. */
export interface Interruption {
  before?: () => void;
  after?: () => void;
}

/** One participant: the event that it waits for, those that it publishes, and its effects. */
export interface ParticipantCase {
  db(stage: ChoreographyStage): Kysely<EventDatabase>;
  /** Its handlers, on the platform's own functions. */
  subscriptions(stage: ChoreographyStage, interruption?: Interruption): Subscription[];
  waitsFor: { publisher: string; type: string };
  publishes: object;
  done: { type: string; data(order: PlacedOrder): object };
  failed: string;
  effects(effects: Effects): string[];
  effectsOfStep(order: PlacedOrder): string[];
  effectsOfUndo(order: PlacedOrder): string[];
}

/** The step, interrupted. */
const interrupted =
  <Request, Answer>(step: (request: Request) => Promise<Answer>, { before, after }: Interruption = {}) =>
  async (request: Request): Promise<Answer> => {
    before?.();
    const answer = await step(request);
    after?.();
    return answer;
  };

export const CASES: Record<Participant, ParticipantCase> = {
  payment: {
    db: ({ databases }) => databases.payment.db,
    subscriptions({ databases, processorUrl }, interruption) {
      const processor = createSandboxProcessor(processorUrl);
      const steps = createPaymentActivities({ db: databases.payment.db, processor });
      return paymentSubscriptions({
        ...steps,
        authorizePayment: interrupted((request) => steps.authorizePayment(request), interruption),
      });
    },
    waitsFor: { publisher: 'order', type: 'order.created' },
    publishes: paymentEvents,
    done: { type: 'payment.succeeded', data: (order) => order },
    failed: 'payment.declined',
    effects: ({ money }) => money,
    effectsOfStep: () => ['authorization'],
    effectsOfUndo: () => ['void'],
  },
  inventory: {
    db: ({ databases }) => databases.inventory.db,
    subscriptions({ databases }, interruption) {
      const steps = createInventoryActivities(databases.inventory.db);
      return inventorySubscriptions({
        ...steps,
        reserveStock: interrupted((request) => steps.reserveStock(request), interruption),
      });
    },
    waitsFor: { publisher: 'payment', type: 'payment.succeeded' },
    publishes: inventoryEvents,
    done: { type: 'stock.reserved', data: (order) => order },
    failed: 'stock.failed',
    effects: ({ stock }) => stock,
    effectsOfStep: ({ lines }) => lines.map(({ sku, quantity }) => `reserve ${sku} ${quantity}`),
    effectsOfUndo: ({ lines }) => lines.map(({ sku, quantity }) => `release ${sku} -${quantity}`),
  },
  shipping: {
    db: ({ databases }) => databases.shipping.db,
    subscriptions({ databases, carrierUrl }, interruption) {
      const steps = createShippingActivities(databases.shipping.db, createSandboxCarrier(carrierUrl));
      return shippingSubscriptions({
        ...steps,
        bookShipment: interrupted((request) => steps.bookShipment(request), interruption),
      });
    },
    waitsFor: { publisher: 'inventory', type: 'stock.reserved' },
    publishes: shippingEvents,
    done: { type: 'shipping.created', data: ({ orderId }) => ({ orderId }) },
    failed: 'shipping.failed',
    effects: ({ parcel }) => parcel,
    effectsOfStep: () => ['booking'],
    effectsOfUndo: () => ['cancellation'],
  },
};
