import assert from 'node:assert/strict';
import type { UpdateDefinition } from '@temporalio/common';
import type { StockLine } from '../../activities/identity.ts';
import {
  cancelLinesUpdate,
  changeAddressUpdate,
  changePaymentMethodUpdate,
  resolveParcelUpdate,
  splitUpdate,
} from '../../workflows/order/change-messages.ts';
import type { ParcelAction } from '../../activities/parcel.ts';
import { eventually } from './eventually.ts';
import { confirmed } from './order-actions.ts';
import { type Faults, type OrderChange, type TestOrder, type TestWorkers, orderInput } from './test-workers.ts';

/** An order of four pieces of tea that waits in real time, confirmed. */
export async function waitingOrder(
  workers: TestWorkers,
  faults: Faults = {},
  change: OrderChange = {},
): Promise<TestOrder> {
  const order = await workers.place(faults, {
    by: workers.inRealTime,
    lines: [{ sku: 'tea', quantity: 4 }],
    total: { amountMinor: 400, currency: 'GBP' },
    ...change,
  });
  await confirmed(order);
  return order;
}

export const tea = (quantity: number): StockLine[] => [{ sku: 'tea', quantity }];

const update =
  <Request>(definition: UpdateDefinition<void, [Request]>) =>
  ({ handle }: TestOrder, request: Request): Promise<void> =>
    handle.executeUpdate(definition, { args: [request] });

const askSplit = update(splitUpdate);
export const split = (order: TestOrder, ...quantities: number[]): Promise<void> =>
  askSplit(order, { parcels: quantities.map((quantity) => ({ lines: tea(quantity) })) });

const askCancelLines = update(cancelLinesUpdate);
export const cancelPieces = (order: TestOrder, quantity: number): Promise<void> =>
  askCancelLines(order, { lines: tea(quantity) });

export const ELSEWHERE = { ...orderInput().shippingAddress, line1: '9 Low Road' };
const askAddress = update(changeAddressUpdate);
export const sendElsewhere = (order: TestOrder, version?: number): Promise<void> =>
  askAddress(order, { shippingAddress: ELSEWHERE, ...(version !== undefined && { version }) });

const askResolve = update(resolveParcelUpdate);
export const decide = (order: TestOrder, parcelId: string, action: ParcelAction): Promise<void> =>
  askResolve(order, { parcelId, action, note: 'seen', resolvedBy: 'staff-1' });

const askMethod = update(changePaymentMethodUpdate);
export const payWith = (order: TestOrder, paymentMethod: string): Promise<void> => askMethod(order, { paymentMethod });

/** The ids of the order's parcels that are not replaced, in the order of their booking. */
export const parcelsOf = ({ orderId, world }: TestOrder): string[] =>
  world.parcelRows.size === 0 ? [orderId] : [...world.parcelRows.keys()];

/** The carrier has taken the order's first parcel, and the order does not know yet. */
export const takenUnnoticed = (order: TestOrder): void =>
  order.world.carrierMoves(order.orderId, parcelsOf(order)[0]!, 'dispatched');

/** The carrier takes the parcel, and the order has followed. */
export async function dispatch(order: TestOrder, parcelId: string): Promise<void> {
  const { world, orderId } = order;
  world.carrierMoves(orderId, parcelId, 'dispatched');
  await order.moved('dispatched', parcelId);
  await eventually(() => {
    const committed = parcelId === orderId ? world.stock === 'committed' : world.has(`commit ${parcelId}`);
    assert.ok(committed, JSON.stringify(world.history));
  });
}

export async function deliver(order: TestOrder, parcelId: string): Promise<void> {
  order.world.carrierMoves(order.orderId, parcelId, 'delivered');
  await order.moved('delivered', parcelId);
}

/** Waits until the books have this effect. */
export const effect = ({ world }: TestOrder, wanted: string): Promise<void> =>
  eventually(() => assert.ok(world.effects.includes(wanted), `${wanted} is not among ${world.effects.join(', ')}`));

/** The effects since the order was confirmed. */
export const effectsAfterBooking = ({ world }: TestOrder): string[] =>
  world.effects.slice(world.effects.indexOf('book') + 1);
