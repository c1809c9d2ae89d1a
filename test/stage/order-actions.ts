import assert from 'node:assert/strict';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type OrderInput, cancelUpdate, orderWorkflowId, parcelMovedSignal } from '../../workflows/order/messages.ts';
import { resolveInterventionUpdate } from '../../workflows/saga/messages.ts';
import { eventually } from './eventually.ts';
import { type PlayedOrder, type Stage, type Faults, orderInput } from './test-workers.ts';
import type { OrderWorld } from './fake-order-services.ts';

/** Waits until the order is confirmed. */
export const confirmed = ({ world }: PlayedOrder): Promise<void> =>
  eventually(() => assert.equal(world.status, 'confirmed', JSON.stringify(world.history)));

/** Delivers the order and sees it through to the end. */
export async function finish(order: PlayedOrder): Promise<void> {
  await order.handle.signal(parcelMovedSignal, { status: 'delivered' });
  assert.equal(await order.handle.result(), 'completed');
}

/** An order that a person calls off once it is confirmed. */
export async function canceledWith(stage: Stage, faults: Faults): Promise<PlayedOrder> {
  const order = await stage.place(faults);
  await confirmed(order);
  await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
  return order;
}

/** Does what a worker did that then died, up to this step: nothing of it is in Temporal. Answers the order's input. */
export async function lostAttempt(
  stage: Stage,
  upTo: 'reserveStock' | 'authorizePayment' | 'bookShipment' | 'confirmOrder',
): Promise<OrderInput> {
  const input = orderInput();
  await stage.bookkeeping.recordOrder({
    orderId: input.orderId,
    workflowId: orderWorkflowId(input.orderId),
    entries: [],
  });
  await lostTask(stage, input, upTo);
  return input;
}

/** The same in a task after the first, of an order that is recorded. */
export async function lostTask(
  { bookkeeping, services }: Stage,
  input: OrderInput,
  upTo: 'reserveStock' | 'authorizePayment' | 'bookShipment' | 'confirmOrder',
): Promise<void> {
  const { orderId, lines, total: amount, paymentMethod, shippingAddress: address } = input;
  const note = { orderId, workflowId: orderWorkflowId(orderId), entries: [] };
  await services.reserveStock({ orderId, lines });
  if (upTo === 'reserveStock') return;
  await services.authorizePayment({ orderId, amount, paymentMethod });
  if (upTo === 'authorizePayment') return;
  const { trackingNumber } = await services.bookShipment({ orderId, address });
  if (upTo === 'confirmOrder') await bookkeeping.confirmOrder({ ...note, trackingNumber });
}

/** The id of the open intervention of this step, once there is one. */
export const openIntervention = ({ world }: { world: OrderWorld }, step: string): Promise<string> =>
  eventually(() => {
    const [open] = [...world.interventions].filter(([, item]) => item.open && item.step === step);
    assert.ok(open, 'no intervention is open');
    return open[0];
  });

interface Resolvable {
  executeUpdate(definition: typeof resolveInterventionUpdate, options: { args: [object] }): Promise<void>;
}

export const resolve = (handle: unknown, interventionId: string, action: 'retry' | 'skip'): Promise<void> =>
  (handle as Resolvable).executeUpdate(resolveInterventionUpdate, {
    args: [{ interventionId, action, note: 'seen', resolvedBy: 'admin-1' }],
  });

/** How this step's story goes. */
export const outcomes = ({ world }: PlayedOrder, step: string) =>
  world.history.filter((item) => item.step === step).map((item) => item.outcome);

/** How many tries the step took. */
export const attempt = ({ world }: PlayedOrder, step: string, outcome: string) =>
  world.history.find((item) => item.step === step && item.outcome === outcome)?.attempt;

/** How many events of its history ask for this activity. */
export async function durableCallsOf({ handle }: PlayedOrder, activity: string): Promise<number> {
  const { events } = await handle.fetchHistory();
  return events!.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity).length;
}

/**
 * How often Temporal has tried this activity. With skipped time a try may run out of its time before a busy worker takes
 * it.
 */
export async function triesOf(
  { handle }: { handle: Pick<WorkflowHandle, 'fetchHistory'> },
  activity: string,
): Promise<number> {
  const { events } = await handle.fetchHistory();
  const scheduled = events!.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
  );
  const started = events!.find(({ activityTaskStartedEventAttributes: event }) =>
    event?.scheduledEventId?.eq(scheduled!.eventId!),
  );
  return started!.activityTaskStartedEventAttributes!.attempt!;
}

/** No stock set aside, no money held, no parcel booked. */
export function assertNothingLeft({ world }: PlayedOrder): void {
  assert.notEqual(world.stock, 'reserved');
  assert.notEqual(world.money, 'held');
  assert.notEqual(world.parcel, 'booked');
}

/** For assert.rejects: a validator said no with this code. */
export const isRefused = (code: string) => (error: unknown) =>
  error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && error.cause.type === code;
