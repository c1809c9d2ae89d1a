import assert from 'node:assert/strict';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type OrderInput, cancelUpdate, orderWorkflowId } from '../../workflows/order/messages.ts';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';
import { resolveInterventionUpdate } from '../../workflows/saga/messages.ts';
import { eventually } from './eventually.ts';
import { type TestOrder, type TestWorkers, type Faults, orderInput } from './test-workers.ts';
import type { OrderWorld } from './order-world.ts';

/** Waits until the order is confirmed. */
export const confirmed = ({ world }: TestOrder): Promise<void> =>
  eventually(() => assert.equal(world.status, 'confirmed', JSON.stringify(world.history)));

/** Waits until the order waits for its customer. */
export const awaitsCustomer = ({ world }: TestOrder): Promise<void> =>
  eventually(() => assert.equal(world.paymentStatus, 'awaiting_customer', JSON.stringify(world.history)));

/** Delivers the order and waits until it is completed. */
export async function finish(order: TestOrder): Promise<void> {
  await order.moved('delivered');
  assert.equal((await order.handle.result()).status, 'completed');
}

/** Places an order and cancels it once it is confirmed. */
export async function canceledWith(workers: TestWorkers, faults: Faults): Promise<TestOrder> {
  const order = await workers.place(faults);
  await confirmed(order);
  await order.handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
  return order;
}

/** Does what a worker does that dies after this step and before it reports to Temporal. Returns the order's input. */
export async function lostAttempt(
  workers: TestWorkers,
  upTo: 'reserveStock' | 'authorizePayment' | 'bookShipment' | 'confirmOrder',
): Promise<OrderInput> {
  const input = orderInput();
  await workers.bookkeeping.recordOrder({
    orderId: input.orderId,
    workflowId: orderWorkflowId(input.orderId),
    entries: [],
  });
  await lostTask(workers, input, upTo);
  return input;
}

/** The same in a later workflow task, when the order is already recorded. */
export async function lostTask(
  { bookkeeping, services }: TestWorkers,
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
  eventually(() => openInterventionNow({ world }, step));

export function openInterventionNow({ world }: { world: OrderWorld }, step: string): string {
  const [open] = [...world.interventions].filter(([, item]) => item.open && item.step === step);
  assert.ok(open, 'no intervention is open');
  return open[0];
}

interface Resolvable {
  executeUpdate(definition: typeof resolveInterventionUpdate, options: { args: [object] }): Promise<void>;
}

export const resolve = (handle: unknown, interventionId: string, action: InterventionAction): Promise<void> =>
  (handle as Resolvable).executeUpdate(resolveInterventionUpdate, {
    args: [{ interventionId, action, note: 'seen', resolvedBy: 'admin-1' }],
  });

/** The outcomes of this step in the order history. */
export const outcomes = ({ world }: TestOrder, step: string) =>
  world.history.filter((item) => item.step === step).map((item) => item.outcome);

/** The number of attempts that the history shows for this outcome of the step. */
export const attempt = ({ world }: TestOrder, step: string, outcome: string) =>
  world.history.find((item) => item.step === step && item.outcome === outcome)?.attempt;

/** How many times the workflow has scheduled this activity. */
export async function durableCallsOf(
  { handle }: { handle: Pick<WorkflowHandle, 'fetchHistory'> },
  activity: string,
): Promise<number> {
  const { events } = await handle.fetchHistory();
  return events!.filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity).length;
}

/** Temporal's attempts of this activity. With skipped time an attempt may time out before a busy worker starts it. */
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

/** No stock is reserved, no payment is authorized and no shipment is booked. */
export function assertNothingLeft({ world }: TestOrder): void {
  assert.notEqual(world.stock, 'reserved');
  assert.notEqual(world.money, 'held');
  assert.notEqual(world.parcel, 'booked');
}

/** For assert.rejects: a validator refused with this code. */
export const isRefused = (code: string) => (error: unknown) =>
  error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure && error.cause.type === code;
