import type {
  FulfillmentStatus,
  HistoryItem,
  OrderStatus,
  PaymentStatus,
  Rejection,
} from '../../activities/order-status.ts';
import type { RecaptureOutcome } from '../../activities/order-bookkeeping.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { ParcelStatus } from '../../activities/parcel.ts';
import type { RefundOutcome } from '../../activities/refund.ts';
import type { ReturnStatus } from '../../activities/return.ts';
import type { ShipmentStatus } from '../../activities/shipping.ts';

/** The effects of one order in the services, and the order service's records of it. */
export class OrderWorld {
  cart: 'full' | 'taken' | 'put back' = 'full';
  stock: 'none' | 'reserved' | 'released' | 'committed' = 'none';
  money: 'none' | 'held' | 'void' | 'captured' = 'none';
  /** Whether the card's holder must confirm before money is held. */
  confirmation: 'none' | 'awaited' | 'given' | 'refused' = 'none';
  /** How a dispute of its payment stands, once there is one. */
  dispute: 'inquiry' | 'open' | 'won' | 'lost' = 'open';
  parcel: ShipmentStatus | 'none' = 'none';
  /** The parcels after the first, at the carrier. */
  readonly otherParcels = new Map<string, ShipmentStatus>();
  /** The parcels in the order service's books, from when the first was replaced. */
  readonly parcelRows = new Map<string, FakeParcel>();
  /** What was captured, by parcel, in minor units. */
  readonly captured = new Map<string, number>();
  /** How many pieces were ordered; each costs 100. */
  pieces = 0;
  canceledPieces = 0;
  troubles: string[] = [];
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
  recaptureOutcome: RecaptureOutcome | undefined;
  readonly history: HistoryItem[] = [];
  readonly interventions = new Map<string, { step: string; reason: string; workflowId: string; open: boolean }>();
  #resume: OrderStatus | undefined;
  readonly #recorded = new Set<string>();

  readonly #done = new Set<string>();

  /** An effect that has a key of its own. */
  once(key: string, effect: string): void {
    if (this.isFirst(key)) this.addEffect(effect);
  }

  /** Whether nothing with this key has happened before. */
  isFirst(key: string): boolean {
    const first = !this.#done.has(key);
    this.#done.add(key);
    return first;
  }

  has(key: string): boolean {
    return this.#done.has(key);
  }

  /** The carrier's people. */
  carrierMoves(orderId: string, parcelId: string, status: ShipmentStatus): void {
    if (parcelId === orderId) this.parcel = status;
    else this.otherParcels.set(parcelId, status);
  }

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

/** A parcel in the order service's books. */
export interface FakeParcel {
  status: ParcelStatus;
  lines: StockLine[];
  trackingNumber: string | null;
  resent: boolean;
}

export const piecesOf = (lines: readonly StockLine[]) => lines.reduce((sum, { quantity }) => sum + quantity, 0);

/** By order id: one set of workers serves every order of a test file. */
export class OrderWorlds {
  readonly #worlds = new Map<string, OrderWorld>();

  of(orderId: string): OrderWorld {
    const world = this.#worlds.get(orderId) ?? new OrderWorld();
    this.#worlds.set(orderId, world);
    return world;
  }
}
