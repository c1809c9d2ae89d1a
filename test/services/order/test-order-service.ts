import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { StockLine } from '../../../activities/identity.ts';
import type { OrderRequests } from '../../../activities/order.ts';
import type { PlaceOrder } from '../../../activities/order-placing.ts';
import type { OrderActivities } from '../../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../../activities/order-update.ts';
import type { HistoryItem } from '../../../activities/order-status.ts';
import type { NewParcel, ReplaceParcels } from '../../../activities/parcel.ts';
import type { DraftReturn, ReceivedLine, Return } from '../../../activities/return.ts';
import { createOrderActivities } from '../../../services/order/activities.ts';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { createOrderRequests, decidedAmong } from '../../../services/order/requests.ts';
import { OrderWatcher } from '../../../services/order/order-watcher.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

export const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });

/** Three teapots at 10.00 and one kettle at 25.00. */
export const draft = (difference: Partial<PlaceOrder> = {}): PlaceOrder => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  lines: [
    { sku: 'teapot', name: 'Teapot', quantity: 3, unitPrice: pounds(1000) },
    { sku: 'kettle', name: 'Kettle', quantity: 1, unitPrice: pounds(2500) },
  ],
  total: pounds(5500),
  shippingAddress: {
    name: 'Ada',
    line1: '1 High St',
    line2: 'Flat 2',
    city: 'London',
    postalCode: 'N1',
    country: 'GB',
  },
  paymentMethod: 'pm_card_visa',
  ...difference,
});

export const teapots = (quantity: number) => ({ sku: 'teapot', quantity });
export const kettle = { sku: 'kettle', quantity: 1 };
/** All that `draft` orders. */
export const everything = [teapots(3), kettle];
export const resellable = (line: { sku: string; quantity: number }): ReceivedLine => ({
  ...line,
  condition: 'resellable',
});

/** The order service on its own database. */
export interface OrderStage {
  readonly database: FreshDatabase<OrderDatabase>;
  readonly requests: OrderRequests;
  readonly activities: OrderActivities;
  /** The note of a workflow on an order, with a new history entry for each step. */
  note: (orderId: string, ...steps: HistoryItem['step'][]) => OrderUpdate;
  /** Create an order in this state; each returns the order's id. */
  placed: (difference?: Partial<PlaceOrder>) => Promise<string>;
  confirmed: (difference?: Partial<PlaceOrder>) => Promise<string>;
  captured: (difference?: Partial<PlaceOrder>) => Promise<string>;
  delivered: (difference?: Partial<PlaceOrder>) => Promise<string>;
  /** Replaces the parcels that have not left by parcels with these lines, and returns their ids. */
  split: (orderId: string, contents: StockLine[][], more?: Partial<ReplaceParcels>) => Promise<string[]>;
  /** Opens an intervention and returns its id. */
  opened: (orderId: string, step: HistoryItem['step'], workflowId?: string) => Promise<string>;
  closed: (orderId: string, interventionId: string, action: 'retry' | 'skip') => Promise<void>;
  sendBack: (orderId: string, difference?: Partial<DraftReturn>) => Promise<Return>;
  /** The return workflow's bookkeeping. By default, exactly the requested goods are received. */
  receive: (stored: Return, goods?: ReceivedLine[]) => ReturnType<OrderActivities['receiveReturn']>;
  refund: (stored: Return) => Promise<void>;
  skipRefund: (stored: Return) => Promise<void>;
  expire: (stored: Return) => Promise<void>;
  /** `status`, `paymentStatus` and `fulfillmentStatus`. */
  statuses: (orderId: string) => Promise<string[]>;
  /** Types of an order's events, in order. */
  events: (orderId: string) => Promise<string[]>;
  steps: (orderId: string) => Promise<string[]>;
}

const PAYMENT_STEPS = new Set<string>(['authorizePayment', 'capturePayment', 'recapturePayment', 'refundPayment']);

export const activitiesOn = (db: Kysely<OrderDatabase>, waiting = new OrderWatcher()): OrderActivities =>
  createOrderActivities(db, {
    returnWindowDays: 30,
    paymentActionMinutes: 30,
    moved: (orderId) => waiting.moved(orderId),
  });

/** Call this in a `describe`. */
export function orderStage(): OrderStage {
  const service = useOrderService();
  return Object.assign(service, {
    ...ordersIn(service),
    ...parcelsOf(service),
    ...interventionsOn(service),
    ...returnsOn(service),
    ...recordsOf(service),
  });
}

type OrderService = Pick<OrderStage, 'database' | 'requests' | 'activities' | 'note'>;

/** The service; its hook connects it to the database before the tests. */
function useOrderService(): OrderService {
  let sequence = 0;
  const note: OrderStage['note'] = (orderId, ...steps) => ({
    orderId,
    workflowId: `order-${orderId}`,
    entries: steps.map((step) => ({
      sequence: ++sequence,
      at: new Date().toISOString(),
      step,
      outcome: 'succeeded' as const,
    })),
  });
  const service = { note } as OrderService;
  before(async function () {
    this.timeout(120_000);
    const database = await freshDatabase<OrderDatabase>('order');
    const waiting = new OrderWatcher(decidedAmong(database.db));
    const requests = createOrderRequests(database.db, { waiting, lane: 'local-first' });
    Object.assign(service, { database, requests, activities: activitiesOn(database.db, waiting) });
  });
  after(() => service.database.drop());
  return service;
}

/** Each state continues from the one before it. */
function ordersIn(service: OrderService): Pick<OrderStage, 'placed' | 'confirmed' | 'captured' | 'delivered'> {
  const { note } = service;
  const orders: ReturnType<typeof ordersIn> = {
    async placed(difference) {
      const { order } = await service.requests.placeOrder(draft(difference));
      await service.activities.recordOrder(note(order.id));
      return order.id;
    },
    async confirmed(difference) {
      const orderId = await orders.placed(difference);
      await service.activities.confirmOrder({ ...note(orderId), trackingNumber: 'SB-1' });
      return orderId;
    },
    async captured(difference) {
      const orderId = await orders.confirmed(difference);
      await service.activities.dispatchOrder(note(orderId));
      await service.activities.captureOrder(note(orderId));
      return orderId;
    },
    async delivered(difference) {
      const orderId = await orders.captured(difference);
      await service.activities.deliverOrder(note(orderId));
      return orderId;
    },
  };
  return orders;
}

/** A booked parcel. */
export const newParcel = (lines: StockLine[], difference: Partial<NewParcel> = {}): NewParcel => {
  const parcelId = randomUUID();
  return { parcelId, lines, trackingNumber: `SB-${parcelId}`, ...difference };
};

const parcelsOf = (service: OrderService): Pick<OrderStage, 'split'> => ({
  async split(orderId, contents, more) {
    const { parcels: before = [] } = await service.requests.getOrder({ orderId });
    const replaced = before.filter(({ status }) => status === 'booked' || status === 'waiting').map(({ id }) => id);
    const parcels = contents.map((lines) => newParcel(lines));
    await service.activities.replaceParcels({ ...service.note(orderId), replaced, parcels, ...more });
    return parcels.map(({ parcelId }) => parcelId);
  },
});

const interventionsOn = (service: OrderService): Pick<OrderStage, 'opened' | 'closed'> => ({
  async opened(orderId, step, workflowId = `order-${orderId}`) {
    const interventionId = randomUUID();
    await service.activities.openIntervention({
      ...service.note(orderId),
      workflowId,
      interventionId,
      step,
      reason: 'refused',
      ...(PAYMENT_STEPS.has(step) && { paymentStatus: 'requires_action' as const }),
    });
    return interventionId;
  },
  closed(orderId, interventionId, action) {
    const decision = { interventionId, action, note: 'seen', resolvedBy: 'admin' };
    return service.activities.closeIntervention({ ...service.note(orderId), ...decision });
  },
});

function returnsOn(
  service: OrderService,
): Pick<OrderStage, 'sendBack' | 'receive' | 'refund' | 'skipRefund' | 'expire'> {
  const { note } = service;
  return {
    sendBack: (orderId, difference = {}) =>
      service.requests.draftReturn({
        returnId: randomUUID(),
        orderId,
        lines: [{ sku: 'teapot', quantity: 1 }],
        reason: 'broken',
        ...difference,
      }),
    receive: ({ id, orderId, lines }, goods = lines.map(resellable)) =>
      service.activities.receiveReturn({ ...note(orderId, 'receiveReturn'), returnId: id, lines: goods }),
    refund: ({ id, orderId }) => service.activities.refundReturn({ ...note(orderId, 'refundPayment'), returnId: id }),
    skipRefund: ({ id, orderId }) => service.activities.skipRefund({ ...note(orderId, 'refundPayment'), returnId: id }),
    expire: ({ id, orderId }) => service.activities.expireReturn({ ...note(orderId, 'receiveReturn'), returnId: id }),
  };
}

const recordsOf = (service: OrderService): Pick<OrderStage, 'statuses' | 'events' | 'steps'> => ({
  async statuses(orderId) {
    const { status, paymentStatus, fulfillmentStatus } = await service.requests.getOrder({ orderId });
    return [status, paymentStatus, fulfillmentStatus];
  },
  async events(orderId) {
    const outbox = service.database.db.selectFrom('outbox');
    const query = outbox.select('type').where('subject', '=', orderId).orderBy('sequence');
    return (await query.execute()).map(({ type }) => type);
  },
  steps: async (orderId) => (await service.requests.getHistory({ orderId })).items.map(({ step }) => step),
});

/** For assert.rejects. */
export const refusedAs = (code: string) => ({ name: 'Refusal', code });
