import type { CartActivities } from '../../activities/cart.ts';
import type { InventoryActivities } from '../../activities/inventory.ts';
import type { OrderActivities, OrderUpdate } from '../../activities/order-bookkeeping.ts';
import type {
  HistoryItem,
  OrderStatus,
  PaymentStatus,
  FulfillmentStatus,
  Rejection,
} from '../../activities/order-status.ts';
import type { PaymentActivities } from '../../activities/payment.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import type { ReturnStatus } from '../../activities/return.ts';
import type { ShipmentStatus, ShippingActivities } from '../../activities/shipping.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

export type StepActivities = CartActivities & InventoryActivities & PaymentActivities & ShippingActivities;
export type StepActivityName = keyof StepActivities;

/** The effects of one order in the services, and the order service's records of it. */
export class OrderWorld {
  cart: 'full' | 'taken' | 'put back' = 'full';
  stock: 'none' | 'reserved' | 'released' | 'committed' = 'none';
  money: 'none' | 'held' | 'void' | 'captured' = 'none';
  /** Whether the card's holder must confirm before money is held. */
  confirmation: 'none' | 'awaited' | 'given' | 'refused' = 'none';
  parcel: ShipmentStatus | 'none' = 'none';
  refundedMinor = 0;
  restocked = 0;
  /** The effects in their order; a repeat adds nothing. */
  readonly effects: string[] = [];
  /** Every call, repeats included. */
  readonly calls: string[] = [];

  status: OrderStatus | 'draft' = 'draft';
  withheld = false;
  paymentStatus: PaymentStatus = 'not_paid';
  fulfillmentStatus: FulfillmentStatus = 'not_fulfilled';
  rejection: Rejection | undefined;
  returnStatus: ReturnStatus = 'requested';
  refundOutcome: RefundOutcome | undefined;
  readonly history: HistoryItem[] = [];
  readonly interventions = new Map<string, { step: string; reason: string; workflowId: string; open: boolean }>();
  #resume: OrderStatus | undefined;
  readonly #recorded = new Set<string>();

  addEffect(effect: string): void {
    this.effects.push(effect);
  }

  addHistory({ workflowId, entries }: OrderUpdate): void {
    for (const { sequence, ...item } of entries) {
      const name = `${workflowId} ${item.step} ${item.outcome} ${sequence}`;
      if (this.#recorded.has(name)) continue;
      this.#recorded.add(name);
      this.history.push(item);
    }
  }

  open(id: string, intervention: { step: string; reason: string; workflowId: string }): void {
    if (this.interventions.has(id)) return;
    this.interventions.set(id, { ...intervention, open: true });
    this.#resume ??= this.status as OrderStatus;
    this.status = 'requires_action';
  }

  close(id: string): void {
    this.interventions.get(id)!.open = false;
    this.status = this.#resume ?? this.status;
    this.#resume = undefined;
  }
}

/** By order id: one set of workers serves every order of a test file. */
export class OrderWorlds {
  readonly #worlds = new Map<string, OrderWorld>();

  of(orderId: string): OrderWorld {
    const world = this.#worlds.get(orderId) ?? new OrderWorld();
    this.#worlds.set(orderId, world);
    return world;
  }
}

const compensated = (step: string) => new Refusal('Undone', `${step} was compensated first`);

/** Correct services in memory: repeats change nothing, and compensations leave tombstones. */
export const createServices = (worlds: OrderWorlds): StepActivities => ({
  ...createCart(worlds),
  ...createInventory(worlds),
  ...createPayment(worlds),
  ...createShipping(worlds),
});

const createCart = (worlds: OrderWorlds): CartActivities => ({
  async takeLines({ orderId }) {
    const world = worlds.of(orderId);
    if (world.cart === 'put back') throw compensated('takeLines');
    if (world.cart === 'full') world.addEffect('take');
    world.cart = 'taken';
  },
  async putLinesBack({ orderId }) {
    const world = worlds.of(orderId);
    if (world.cart === 'taken') world.addEffect('put back');
    world.cart = 'put back';
  },
  // Orders do not use it.
  remindOfCart: async () => undefined,
});

const createInventory = (worlds: OrderWorlds): InventoryActivities => ({
  async reserveStock({ orderId }) {
    const world = worlds.of(orderId);
    if (world.stock === 'released') throw compensated('reserveStock');
    if (world.stock === 'none') world.addEffect('reserve');
    world.stock = 'reserved';
  },
  async releaseStock({ orderId }) {
    const world = worlds.of(orderId);
    if (world.stock === 'reserved') world.addEffect('release');
    world.stock = 'released';
  },
  async commitStock({ orderId }) {
    const world = worlds.of(orderId);
    if (world.stock === 'reserved') world.addEffect('commit');
    world.stock = 'committed';
  },
  releaseLines: async ({ orderId }) => worlds.of(orderId).addEffect('release lines'),
  reserveParcel: async ({ orderId }) => worlds.of(orderId).addEffect('reserve parcel'),
  releaseParcel: async ({ orderId }) => worlds.of(orderId).addEffect('release parcel'),
  restockParcel: async ({ orderId }) => worlds.of(orderId).addEffect('restock parcel'),
  async restockReturn({ orderId, lines }) {
    const world = worlds.of(orderId);
    if (world.restocked === 0) world.addEffect('restock');
    world.restocked = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  },
});

const createPayment = (worlds: OrderWorlds): PaymentActivities => ({
  async authorizePayment({ orderId }) {
    const world = worlds.of(orderId);
    if (world.money === 'void') throw compensated('authorizePayment');
    if (world.confirmation === 'refused') throw new Refusal('PaymentNotCompleted', 'the holder did not confirm');
    if (world.confirmation === 'awaited') {
      return { authorizationId: null, customerAction: { type: 'redirect', url: `https://bank.example/${orderId}` } };
    }
    if (world.money === 'none') world.addEffect('hold');
    world.money = 'held';
    return { authorizationId: `auth-${orderId}` };
  },
  async voidPayment({ orderId }) {
    const world = worlds.of(orderId);
    const released = world.effects.includes('hold');
    if (world.money === 'held') world.addEffect('void');
    world.money = 'void';
    return { released };
  },
  async releaseLateHold({ orderId }) {
    const world = worlds.of(orderId);
    if (world.confirmation === 'given') world.addEffect('release hold');
    world.confirmation = 'none';
  },
  async capturePayment({ orderId }) {
    const world = worlds.of(orderId);
    if (world.money === 'held') world.addEffect('capture');
    world.money = 'captured';
  },
  async refundPayment({ orderId, amount }) {
    const world = worlds.of(orderId);
    if (world.refundedMinor === 0) world.addEffect('refund');
    world.refundedMinor = amount.amountMinor;
  },
  async forgoRefund({ orderId }) {
    worlds.of(orderId).addEffect('forgo refund');
  },
  async recordManualRefund({ orderId }) {
    worlds.of(orderId).addEffect('manual refund');
  },
});

const createShipping = (worlds: OrderWorlds): ShippingActivities => ({
  async bookShipment({ orderId }) {
    const world = worlds.of(orderId);
    if (world.parcel === 'canceled') throw compensated('bookShipment');
    if (world.parcel === 'none') {
      world.addEffect('book');
      world.parcel = 'booked';
    }
    return { trackingNumber: `TRACK-${orderId}` };
  },
  async cancelShipment({ orderId }) {
    const world = worlds.of(orderId);
    if (world.parcel === 'dispatched') throw new Refusal('AlreadyDispatched', 'the parcel has left');
    if (world.parcel === 'booked') world.addEffect('cancel');
    world.parcel = 'canceled';
  },
  async trackShipment({ orderId }) {
    const { parcel } = worlds.of(orderId);
    if (parcel === 'none') throw new Refusal('ShipmentNotFound', 'no such parcel');
    return { status: parcel };
  },
});

const PAYMENT_ACTION_MS = 30 * 60 * 1000;

/** The order service's bookkeeping in memory. */
export const createBookkeeping = (worlds: OrderWorlds, returnWindowMs: number): OrderActivities => {
  const write = (note: OrderUpdate, change: (world: OrderWorld) => void) => {
    const world = worlds.of(note.orderId);
    world.addHistory(note);
    change(world);
  };
  return {
    async recordOrder(note) {
      const again = worlds.of(note.orderId).status !== 'draft';
      write(note, (world) => (world.status = again ? world.status : 'pending'));
      return { again };
    },
    noteSteps: async (note) => write(note, () => undefined),
    async awaitCustomer({ customerAction: _action, ...note }) {
      write(note, (world) => (world.paymentStatus = 'awaiting_customer'));
      const askedAt = Date.parse(note.entries.findLast(({ step }) => step === 'confirmPayment')!.at);
      return { expiresAt: new Date(askedAt + PAYMENT_ACTION_MS).toISOString() };
    },
    authorizeOrder: async (note) => write(note, (world) => (world.paymentStatus = 'authorized')),
    releasePayment: async (note) => write(note, () => undefined),
    async confirmOrder({ despiteWithheld, ...note }) {
      const { status, withheld } = worlds.of(note.orderId);
      if (status !== 'pending' || (withheld && !despiteWithheld)) return;
      write(note, (world) =>
        Object.assign(world, { status: 'confirmed', paymentStatus: 'authorized', fulfillmentStatus: 'booked' }),
      );
    },
    async withholdOrder(note) {
      const confirmed = worlds.of(note.orderId).status === 'confirmed';
      write(note, (world) => (world.withheld = !confirmed));
      return { confirmed };
    },
    rejectOrder: async ({ rejection, paymentStatus, fulfillmentStatus, ...note }) =>
      write(note, (world) => Object.assign(world, { status: 'rejected', rejection, paymentStatus, fulfillmentStatus })),
    cancelOrder: async ({ paymentStatus, fulfillmentStatus, ...note }) =>
      write(note, (world) => Object.assign(world, { status: 'canceled', paymentStatus, fulfillmentStatus })),
    dispatchOrder: async (note) => write(note, (world) => (world.fulfillmentStatus = 'shipped')),
    captureOrder: async (note) => write(note, (world) => (world.paymentStatus = 'captured')),
    async deliverOrder(note) {
      write(note, (world) => (world.fulfillmentStatus = 'delivered'));
      return { returnableUntil: new Date(Date.parse(note.entries.at(-1)!.at) + returnWindowMs).toISOString() };
    },
    completeOrder: async (note) => write(note, (world) => (world.status = 'completed')),
    openIntervention: async ({ interventionId, step, reason, paymentStatus, ...note }) =>
      write(note, (world) => {
        world.open(interventionId, { step, reason, workflowId: note.workflowId });
        if (paymentStatus) world.paymentStatus = paymentStatus;
      }),
    closeIntervention: async ({ interventionId, ...note }) => write(note, (world) => world.close(interventionId)),
    async receiveReturn({ lines, returnId: _returnId, ...note }) {
      write(note, (world) => (world.returnStatus = 'received'));
      const amountMinor = lines.reduce((sum, { quantity }) => sum + 100 * quantity, 0);
      return { refund: { amountMinor, currency: 'GBP' } };
    },
    refundReturn: async ({ returnId: _returnId, ...note }) => write(note, (world) => (world.returnStatus = 'refunded')),
    skipRefund: async ({ returnId: _returnId, ...note }) =>
      write(note, (world) => (world.returnStatus = 'not_refunded')),
    endRefund: async ({ refundId: _refundId, outcome, ...note }) =>
      write(note, (world) => (world.refundOutcome = outcome)),
    expireReturn: async ({ returnId: _returnId, ...note }) => write(note, (world) => (world.returnStatus = 'expired')),
  };
};
