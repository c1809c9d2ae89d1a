import type { PlacedOrder } from '../../../bench/race/peers/order.ts';
import type { ParticipantName, Participants } from '../../../bench/race/peers/two-phase-commit/contract.ts';
import type { TwoPhaseStage } from './two-phase-stage.ts';

/** Sends `prepare` with what the coordinator sends of an order. */
export function prepare(participants: Participants, name: ParticipantName, order: PlacedOrder): Promise<unknown> {
  const { orderId, total: amount, paymentMethod, shippingAddress: address } = order;
  const lines = order.lines.map(({ sku, quantity }) => ({ sku, quantity }));
  if (name === 'inventory') return participants.inventory.prepare({ orderId, lines });
  if (name === 'payment') return participants.payment.prepare({ orderId, amount, paymentMethod });
  return participants.shipping.prepare({ orderId, address });
}

/** What a service and its outside party have done for an order. */
export async function effectOf(stage: TwoPhaseStage, name: ParticipantName, order: PlacedOrder) {
  const { reserved, held, heldAtProcessor, shipment, parcel } = await stage.standingOf(order);
  return { inventory: { reserved }, payment: { held, heldAtProcessor }, shipping: { shipment, parcel } }[name];
}

export const NONE = {
  inventory: { reserved: 0 },
  payment: { held: 0, heldAtProcessor: 0 },
  shipping: { shipment: false, parcel: false },
};

export const wholeOf = ({ lines, total: { amountMinor } }: PlacedOrder) => ({
  inventory: { reserved: lines.reduce((sum, { quantity }) => sum + quantity, 0) },
  payment: { held: amountMinor, heldAtProcessor: amountMinor },
  shipping: { shipment: true, parcel: true },
});
