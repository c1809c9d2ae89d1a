import type { CartActivities } from '../../activities/cart.ts';
import type { InventoryActivities } from '../../activities/inventory.ts';
import type { PaymentActivities } from '../../activities/payment.ts';
import type { ShipmentStatus, ShippingActivities } from '../../activities/shipping.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { type OrderWorld, type OrderWorlds, piecesOf } from './order-world.ts';

export type StepActivities = CartActivities & InventoryActivities & PaymentActivities & ShippingActivities;
export type StepActivityName = keyof StepActivities;

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
  // Carts have worlds of their own.
  remindOfCart: async ({ customerId, version }) => worlds.of(customerId).once(`remind ${version}`, 'remind'),
});

const createInventory = (worlds: OrderWorlds): InventoryActivities => ({
  async reserveStock({ orderId, lines }) {
    const world = worlds.of(orderId);
    world.pieces = piecesOf(lines);
    if (world.stock === 'released') throw compensated('reserveStock');
    if (world.stock === 'none') world.addEffect('reserve');
    world.stock = 'reserved';
  },
  async releaseStock({ orderId }) {
    const world = worlds.of(orderId);
    if (world.stock === 'reserved') world.addEffect('release');
    world.stock = 'released';
  },
  async commitStock({ orderId, parcelId, lines }) {
    const world = worlds.of(orderId);
    if (parcelId) return world.once(`commit ${parcelId}`, `commit ${piecesOf(lines!)}`);
    if (world.stock === 'reserved') world.addEffect('commit');
    world.stock = 'committed';
  },
  releaseLines: async ({ orderId, releaseId, lines }) =>
    worlds.of(orderId).once(`release ${releaseId}`, `release ${piecesOf(lines)}`),
  reserveParcel: async ({ orderId, parcelId, lines }) =>
    worlds.of(orderId).once(`reserve ${parcelId}`, `reserve ${piecesOf(lines)}`),
  releaseParcel: async ({ orderId, parcelId }) => worlds.of(orderId).once(`release ${parcelId}`, 'release parcel'),
  restockParcel: async ({ orderId, parcelId, lines }) =>
    worlds.of(orderId).once(`restock ${parcelId}`, `restock ${piecesOf(lines)}`),
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
  async capturePayment({ orderId, parcelId = orderId, amount }) {
    const world = worlds.of(orderId);
    if (!world.captured.has(parcelId)) world.addEffect(amount ? `capture ${amount.amountMinor}` : 'capture');
    const captured = amount ?? { amountMinor: 100 * world.pieces, currency: 'GBP' };
    world.captured.set(parcelId, captured.amountMinor);
    world.money = 'captured';
    return { captured };
  },
  async releaseRest({ orderId }) {
    worlds.of(orderId).once('release rest', 'release rest');
    return { released: true };
  },
  async renewHold({ orderId, holdId, amount, paymentMethod }) {
    worlds.of(orderId).once(`renew ${holdId}`, `hold ${amount.amountMinor} on ${paymentMethod}`);
    return { authorizationId: `auth-${holdId}` };
  },
  async releaseReplacedHolds({ orderId }) {
    const world = worlds.of(orderId);
    const holds = world.effects.filter((effect) => effect.startsWith('hold ')).length;
    world.once(`release holds before ${holds}`, 'release replaced holds');
  },
  async refundPayment({ orderId, refundId, amount }) {
    const world = worlds.of(orderId);
    world.once(`refund ${refundId}`, 'refund');
    world.refundedMinor = amount.amountMinor;
  },
  async readDispute({ orderId }) {
    const { dispute } = worlds.of(orderId);
    return {
      status: dispute === 'inquiry' ? 'open' : dispute,
      amount: { amountMinor: 200, currency: 'GBP' },
      withdrawn: dispute === 'open' || dispute === 'lost',
      reason: 'fraudulent',
      respondBy: '2030-01-31T12:00:00.000Z',
    };
  },
  recapturePayment: async ({ orderId, captureId, amount }) =>
    worlds.of(orderId).once(`recapture ${captureId}`, `recapture ${amount.amountMinor}`),
  forgoCapture: async ({ orderId, captureId }) => worlds.of(orderId).once(`forgo ${captureId}`, 'forgo capture'),
  recordManualCapture: async ({ orderId, captureId }) =>
    worlds.of(orderId).once(`manual ${captureId}`, 'manual capture'),
  async forgoRefund({ orderId, refundId, amount }) {
    worlds.of(orderId).once(`forgo ${refundId}`, 'forgo refund');
    return { refunded: { ...amount, amountMinor: 0 } };
  },
  recordManualRefund: async ({ orderId, refundId }) => worlds.of(orderId).once(`manual ${refundId}`, 'manual refund'),
});

const createShipping = (worlds: OrderWorlds): ShippingActivities => ({
  async bookShipment({ orderId, parcelId = orderId }) {
    const parcel = carried(worlds.of(orderId), { orderId, parcelId });
    if (parcel.status === 'canceled') throw compensated('bookShipment');
    if (parcel.status === 'none') parcel.move('booked', 'book');
    return { trackingNumber: `TRACK-${parcelId}` };
  },
  async cancelShipment({ orderId, parcelId = orderId }) {
    const parcel = carried(worlds.of(orderId), { orderId, parcelId });
    if (parcel.status === 'dispatched') throw new Refusal('AlreadyDispatched', 'the parcel has left');
    parcel.move('canceled', parcel.status === 'booked' ? 'cancel' : undefined);
  },
  async trackShipment({ orderId, parcelId = orderId }) {
    const { status } = carried(worlds.of(orderId), { orderId, parcelId });
    if (status === 'none') throw new Refusal('ShipmentNotFound', 'no such parcel');
    return { status };
  },
});

/** A parcel at the carrier. */
function carried(world: OrderWorld, { orderId, parcelId }: { orderId: string; parcelId: string }) {
  const isFirst = parcelId === orderId;
  return {
    status: isFirst ? world.parcel : (world.otherParcels.get(parcelId) ?? 'none'),
    move(status: ShipmentStatus, effect: string | undefined) {
      if (effect) world.addEffect(effect);
      if (isFirst) world.parcel = status;
      else world.otherParcels.set(parcelId, status);
    },
  };
}
