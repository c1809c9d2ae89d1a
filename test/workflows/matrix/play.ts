import { cartReminderId } from '../../../workflows/cart-reminder/messages.ts';
import type { cartReminderWorkflow } from '../../../workflows/cart-reminder/workflow.ts';
import type { OrderWorld } from '../../stage/order-world.ts';
import { piecesOf } from '../../stage/order-world.ts';
import { tea } from '../../stage/parcel-actions.ts';
import type { Fault, Faults, TestWorkers } from '../../stage/test-workers.ts';
import type { Play, Story } from './stories.ts';
import { ROWS } from './table.ts';

/** Begins a story. `done` resolves when it is over; it must be awaited. */
export async function begin(
  workers: TestWorkers,
  story: Story,
  faults: Faults = {},
): Promise<{ play: Play; done: Promise<void> }> {
  const change = typeof story.change === 'function' ? await story.change(workers) : story.change;
  const order = await workers.place(merged(faults, story.faults), {
    lines: tea(4),
    total: { amountMinor: 400, currency: 'GBP' },
    ...(!story.skipsTime && { by: workers.inRealTime }),
    ...change,
  });
  const play: Play = { order, workers, goesOn: Promise.resolve(true) };
  const done = (async () => {
    for (const act of story.acts) {
      if (!(await play.goesOn)) return;
      await act(play);
    }
    // What was canceled ends by itself; anything else would go on in real time.
    if (!(await play.goesOn)) return;
    await order.handle.terminate().catch(() => undefined);
  })();
  done.catch(() => undefined);
  return { play, done };
}

/** What the story itself needs of a service comes after what is done to it. */
function merged(outer: Faults, inner: Faults = {}): Faults {
  const faults: Faults = { ...inner, ...outer };
  for (const [name, fault] of Object.entries(outer) as [keyof Faults, Fault][]) {
    const own = inner[name];
    if (own) faults[name] = (call) => fault({ ...call, next: () => own(call) });
  }
  return faults;
}

/** Such a fault in every service and in the order's books. */
export const everywhere = (fault: (name: string) => Fault): Faults =>
  Object.fromEntries(ROWS.map(([name]) => [name, fault(name)]));

const isCanceled = (status: string) => status === 'canceled' || status === 'none';

/** How the order, its money and its goods stand in the end, by all services. */
export const booksOf = (world: OrderWorld) => ({
  cart: world.cart,
  stock: world.stock,
  money: world.money,
  atCarrier: [world.parcel, ...world.otherParcels.values()].filter((status) => !isCanceled(status)).toSorted(),
  parcels: [...world.parcelRows.values()].map(({ status, lines }) => `${status} ${piecesOf(lines)}`).toSorted(),
  captured: [...world.captured.values()].toSorted((one, other) => one - other),
  canceledPieces: world.canceledPieces,
  troubles: world.troubles,
  refundedMinor: world.refundedMinor,
  restocked: world.restocked,
  status: world.status,
  fulfillmentStatus: world.fulfillmentStatus,
  rejection: world.rejection?.code,
  returnStatus: world.returnStatus,
  refundOutcome: world.refundOutcome,
  recaptureOutcome: world.recaptureOutcome,
});

export const historyOf = ({ history }: OrderWorld): string[] =>
  history.map(({ step, outcome, detail }) => [step, outcome, detail].join(' '));

/** A cart whose customer has the order's id, so that it is in the order's world. */
export function remind({ order: { orderId }, workers }: Play) {
  const latest = { version: 1, empty: false, remindAt: new Date().toISOString() };
  return workers.client.workflow.start<typeof cartReminderWorkflow>('cartReminderWorkflow', {
    workflowId: cartReminderId(orderId),
    taskQueue: 'order',
    args: [{ customerId: orderId, latest }],
  });
}
