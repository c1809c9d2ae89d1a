import type { Attempt, OrderStart, PlaceOrder } from '../../activities/order-placing.ts';
import type { OrderUpdate } from '../../activities/order-update.ts';
import type { HistoryEntry, PlacingStep } from '../../activities/order-status.ts';
import type { Booking } from '../../activities/shipping.ts';
import { Refusal } from '../../platform/contract/refusal.ts';
import { untilCalledOff } from '../../platform/context.ts';
import { ServiceFault } from '../../platform/http/client.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { detailsOfConfirmed } from '../../workflows/order/confirmed-details.ts';
import { orderWorkflowId } from '../../workflows/order/messages.ts';
import { CustomerMustAct, type TakeStep, leaveToWorkflow, takeSteps } from '../../workflows/order/steps.ts';
import { OrderHistory } from '../../workflows/saga/order-history.ts';
import { ATTEMPT_MS, AttemptBound } from './attempt-bound.ts';
import type { ChangedOrder, OrderRow } from './bookkeeping.ts';
import { confirmedAttempt } from './due-workflows.ts';
import type { Leases } from './leases.ts';
import { startOf } from './order-start.ts';
import { type StepServices, countedServices } from './step-services.ts';

export interface ExpressDependencies {
  services: StepServices;
  /** Stores a placed order with its lease. Undefined: there is an order with this id already. */
  insert: (request: PlaceOrder, entries: HistoryEntry[]) => Promise<OrderRow | undefined>;
  /** Confirms the order. Undefined: the saga fenced it. */
  confirm: (note: OrderUpdate, booking: Booking) => Promise<ChangedOrder | undefined>;
  /** Starts the order's workflow, soon and for certain. */
  handOver: (start: OrderStart) => void;
  leases: Pick<Leases, 'hold'>;
  logger: Pick<Logger, 'warn' | 'error'>;
  bound?: AttemptBound;
  /** Called with what became of each attempt. */
  count?: (outcome: 'confirmed' | 'taken_over') => void;
  /** After how many days a hold is renewed. Absent: never. */
  authorizationDays?: number | undefined;
  /** How long an attempt may take once it is its turn. */
  attemptMs?: number;
}

/**
 * The lane `express`: takes the steps that the saga would take, at once, and hands the confirmed order over to its
 * workflow. Nothing is retried or undone here. Where anything but complete success comes in the time of an attempt, the
 * saga takes all steps, finds what has been done, and does or undoes the rest. Returns the order as it then is; undefined
 * if an earlier request placed it.
 */
export function createExpress(dependencies: ExpressDependencies) {
  const { insert, handOver, leases, bound = new AttemptBound(), count, ...more } = dependencies;
  const { authorizationDays } = more;
  const attempt = createAttempt(more);
  return async function placeExpress(request: PlaceOrder): Promise<OrderRow | undefined> {
    const history = new OrderHistory();
    const recorded = history.add('record', 'succeeded');
    // With the first lease.
    const row = await insert(request, history.takeUnsaved());
    if (!row) return undefined;
    return leases.hold(request.orderId, async () => {
      // An order whose turn does not come in time is the saga's, and nothing of it has happened.
      const notBegun = {
        start: startOf(request, { lane: 'express', authorizationDays, attempt: { tried: [] } }),
        changed: undefined,
      };
      const { start, changed } =
        (await bound.run(() => attempt({ request, history, entries: [recorded] }))) ?? notBegun;
      handOver(start);
      count?.(changed ? 'confirmed' : 'taken_over');
      return changed ? { ...row, ...changed, ...CONFIRMED } : row;
    });
  };
}

/** An attempt took as long as it may. */
class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
}

/** The columns of a confirmed order that `ChangedOrder` leaves out. */
const CONFIRMED = { status: 'confirmed', payment_status: 'authorized', fulfillment_status: 'booked' } as const;

interface Placing {
  request: PlaceOrder;
  history: OrderHistory;
  /** All of the history so far. */
  entries: HistoryEntry[];
}

/** How the order's workflow is to be started, and what changed of the order if it is confirmed. */
interface Outcome {
  start: OrderStart;
  changed?: ChangedOrder | undefined;
}

function createAttempt({
  services,
  confirm,
  logger,
  authorizationDays,
  attemptMs = ATTEMPT_MS,
}: Omit<ExpressDependencies, 'insert' | 'handOver' | 'leases' | 'bound' | 'count'>) {
  const ask = countedServices(services);

  return async function attempt({ request, history, entries }: Placing): Promise<Outcome> {
    const start = (made?: Attempt, details?: string) =>
      startOf(request, { lane: 'express', authorizationDays, attempt: made, details });
    const lost = start();
    const tried: PlacingStep[] = [];
    const timeUp = new AbortController();
    // Cleared below: each AbortSignal.timeout would fire long after the attempt, and make an error with its stack.
    const timer = setTimeout(() => timeUp.abort(new TimeIsUp(`not placed within ${attemptMs} ms`)), attemptMs);
    const step: TakeStep = async (name, call) => {
      // The saga is about to take the order over: begin nothing more.
      timeUp.signal.throwIfAborted();
      tried.push(name);
      entries.push(history.add(name, 'started'));
      const { attempt: number, answer } = await call(ask);
      entries.push(history.add(name, 'succeeded', { attempt: number }));
      return answer;
    };

    let booking: Booking;
    try {
      booking = await untilCalledOff(timeUp.signal, () => takeSteps(lost.input, step, leaveToWorkflow));
    } catch (error) {
      noteUnlessExpected(error);
      return { start: start({ tried }) };
    } finally {
      clearTimeout(timer);
    }
    entries.push(history.add('confirm', 'succeeded'));
    try {
      const { orderId } = request;
      const note = { orderId, workflowId: orderWorkflowId(orderId), entries: history.takeUnsaved() };
      const changed = await confirm(note, booking);
      if (!changed) return { start: lost };
      return { start: start(confirmedAttempt(changed), detailsOfConfirmed(lost.input, entries)), changed };
    } catch (error) {
      // It may be confirmed all the same: the saga finds out.
      logger.warn('could not confirm an order; its workflow takes it over', { error });
      return { start: lost };
    }
  };

  /** The saga meets refusals and faults again, and records them; anything else must not pass for one of these. */
  function noteUnlessExpected(error: unknown): void {
    const isExpected =
      error instanceof Refusal ||
      error instanceof CustomerMustAct ||
      error instanceof ServiceFault ||
      error instanceof TimeIsUp;
    if (!isExpected) logger.error('an order was not placed at once; its workflow takes it over', { error });
  }
}
