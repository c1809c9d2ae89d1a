import { condition, uuid4 } from '@temporalio/workflow';
import type { Money } from '../../activities/money.ts';
import type { RenewHold } from '../../activities/payment.ts';
import { momentInWords } from '../display/markdown.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { type Trouble, troubleOf } from '../saga/trouble.ts';
import type { PaymentMethodRequest } from './change-messages.ts';
import type { OrderInput } from './messages.ts';
import type { OrderInProgress } from './order-in-progress.ts';
import type { Parcel } from './parcel.ts';
import { rests } from './rest.ts';
import { showStanding } from './standing-of-parcels.ts';
import { bookWaiting, unbookUntilPaid } from './rebooking.ts';

/** What holds the money of a confirmed order until it is captured. */
export interface Hold {
  /** Absent: the first hold, or one that an earlier version has placed. */
  id?: string | undefined;
  paymentMethod: string;
  /** When it is renewed, in milliseconds; `Infinity` where it never expires. */
  renewAt: number;
  /** The card has refused while a person is asked: what follows waits for its turn. */
  refusedBeside?: boolean | undefined;
  /** Of the hold that the card's bank has released by itself, if that is news. */
  expiredId?: string | undefined;
  /** The card holds the money no longer: the customer may name another method until then. */
  wanted?: { until: number; trying?: RenewHold | undefined } | undefined;
  /** The customer did not name another method in time: what has not left is not sent. */
  lost: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** How long the customer may take to name another payment method. */
const WANTED_MS = 2 * DAY_MS;
// Holds are renewed before they expire, so there is time to try again.
const AGAIN_MS = 60 * 60 * 1000;
// The processor's event comes within seconds.
const FIRST_QUESTION_MS = 60 * 1000;
const FACTOR = 2;
const STUCK = { paymentStatus: 'requires_action' } as const;
const REFUSALS: readonly (string | undefined)[] = ['CardDeclined', 'InsufficientFunds', 'PaymentNotCompleted'];

/** As the order was placed. */
export const firstHold = ({ authorizationDays, attempt, paymentMethod, total }: OrderInput): Hold => {
  const since = attempt?.confirmedAt === undefined ? Date.now() : Date.parse(attempt.confirmedAt);
  const expires = authorizationDays !== undefined && total.amountMinor > 0;
  return { paymentMethod, renewAt: expires ? since + authorizationDays * DAY_MS : Infinity, lost: false };
};

const someUnpaid = ({ parcels }: OrderInProgress): boolean => parcels.open.some(({ state }) => !state.paid);

/**
 * Whether the card's bank has released the hold by itself, and there is something to pay for that has not left. The expiry of a
 * hold that another one has replaced means nothing.
 */
export const isGone = (order: OrderInProgress): boolean => {
  const { id = order.input.orderId, expiredId, wanted } = order.hold;
  return expiredId === id && !wanted && someUnpaid(order);
};

/** When the hold must be renewed, in milliseconds. `Infinity` while nothing is to be renewed. */
export const renewalDue = (order: OrderInProgress): number =>
  order.hold.wanted || !someUnpaid(order) ? Infinity : order.hold.renewAt;

/** Renews the hold if it would expire soon. Where the card refuses, nothing leaves before the order is paid for again. */
export async function renewIfDue(order: OrderInProgress): Promise<void> {
  const { saga, turns } = order;
  if (!isDue(order)) return;
  if (saga.people.asked && (await renewBeside(order))) return;
  let over = false;
  const turn = turns
    .take(async () => {
      order.hold.refusedBeside = undefined;
      const refused = await turns.beside(async () => isDue(order) && (await renew(order)) === 'refused');
      if (refused) await demandMethod(order);
    })
    .finally(() => (over = true));
  // Rethrown below.
  turn.catch(() => undefined);
  // Its turn may come after a change about which a person is asked meanwhile.
  await condition(() => over || saga.people.asked);
  if (!over) await renewBeside(order);
  await turn;
}

const isDue = (order: OrderInProgress): boolean => renewalDue(order) <= Date.now() || isGone(order);

/**
 * While a person is asked, perhaps for days, the turn does not end, and the hold must not expire. To hold money again harms
 * nothing that the turn may do once the person has decided: a capture takes the newest hold, and is retried while another one
 * is being placed; what is held of it for too much is released with the last capture. But one renewal at a time: a card that
 * can hold the money twice, though not three times, would refuse the second, and the order would wait for another card.
 *
 * To cancel bookings is another matter. A change that waits for a person has perhaps canceled the same parcels and will book
 * them again: their pieces would be sent twice. Only what a parcel does that has left, such as a capture that was refused,
 * touches no other parcel. Returns false where the card has refused, and the rest must wait for its turn.
 */
const renewBeside = (order: OrderInProgress): Promise<boolean> =>
  order.turns.beside(async () => {
    if (!isDue(order)) return true;
    if (order.hold.refusedBeside) return false;
    if ((await renew(order)) === 'settled') return true;
    if (!order.turns.sparesOthers) {
      order.hold.refusedBeside = true;
      return false;
    }
    await demandMethod(order);
    return true;
  });

/** `refused`: the card does not hold the money again. */
async function renew(order: OrderInProgress): Promise<'settled' | 'refused'> {
  const { hold } = order;
  if (isGone(order)) {
    // Due until it is renewed, whatever comes between.
    hold.renewAt = Date.now();
    hold.expiredId = undefined;
  }
  const amount = await outstandingOf(order);
  if (amount.amountMinor === 0) {
    hold.renewAt = Infinity;
    return 'settled';
  }
  const request = renewal(order, amount, hold.paymentMethod);
  const trouble = await tryHold(order, request);
  if (trouble && REFUSALS.includes(trouble.refusal)) return 'refused';
  // A payment that was voided is never held again: capturing it is refused, and a person asked.
  if (trouble) hold.renewAt = trouble.refusal === 'Undone' ? Infinity : Date.now() + AGAIN_MS;
  else await heldAgain(order, request);
  return 'settled';
}

/** A hold that was gone when a parcel had left. Returns whether another one holds the money. */
export async function renewForCapture(order: OrderInProgress): Promise<boolean> {
  const { turns, hold } = order;
  // The one that was being placed may hold it.
  if (await turns.untilNoneBeside()) return true;
  return turns.beside(async () => {
    const request = renewal(order, await outstandingOf(order), hold.paymentMethod);
    const trouble = await tryHold(order, request);
    if (!trouble) await heldAgain(order, request);
    return !trouble;
  });
}

const renewal = ({ input: { orderId } }: OrderInProgress, amount: Money, paymentMethod: string): RenewHold => ({
  orderId,
  holdId: uuid4(),
  amount,
  paymentMethod,
});

/** Returns why the money could not be held. */
async function tryHold({ saga }: OrderInProgress, request: RenewHold): Promise<Trouble | undefined> {
  try {
    await saga.change('renewHold', (ask) => ask.payment.renewHold(request));
    return undefined;
  } catch (error) {
    return troubleOf(error);
  }
}

/** Another hold has taken the place of those before it. */
async function heldAgain({ hold, saga, input }: OrderInProgress, { holdId }: RenewHold): Promise<void> {
  const { orderId, authorizationDays } = input;
  hold.id = holdId;
  hold.renewAt = authorizationDays === undefined ? Infinity : Date.now() + authorizationDays * DAY_MS;
  await saga.mustHappen('releaseReplacedHolds', (ask) => ask.payment.releaseReplacedHolds({ orderId }), STUCK);
}

const outstandingOf = async ({ saga }: OrderInProgress): Promise<Money> =>
  (await bookkeeping.getOutstanding(saga.update())).outstanding;

/** Nothing may leave unpaid: what has not left is not sent before the customer has named another payment method. */
async function demandMethod(order: OrderInProgress): Promise<void> {
  const { hold, saga } = order;
  // A person may be asked before it is clear what waits: until then the same card is not tried again.
  hold.renewAt = Infinity;
  if (!(await unbookUntilPaid(order))) {
    // Everything has left: its capture tells whether the hold is still there.
    hold.renewAt = Date.now() + AGAIN_MS;
    return;
  }
  hold.wanted = { until: Date.now() + WANTED_MS };
  await bookkeeping.awaitPaymentMethod({ ...saga.update(), until: new Date(hold.wanted.until).toISOString() });
  showStanding(order);
}

/**
 * A parcel that is not sent before the order is paid for again: waits for another payment method, and for its holder's
 * confirmation. Once the time is up, what has not left is not sent at all.
 */
export async function untilPaidAgain(order: OrderInProgress, parcel: Parcel): Promise<void> {
  const { hold, cancellation, turns, paymentNews, history } = order;
  const over = () => parcel.ended || cancellation.requested || hold.lost || rests(order);
  for (let intervalMs = FIRST_QUESTION_MS; !over(); intervalMs *= FACTOR) {
    const { until, trying } = hold.wanted!;
    history.now(
      `**Waits for another payment method** until ${momentInWords(new Date(until))}: the card holds the money no longer. Then what was not sent is canceled.`,
    );
    const asksAt = trying ? Math.min(until, Date.now() + intervalMs) : until;
    const news = () => over() || hold.wanted?.trying !== trying || (trying !== undefined && paymentNews.has);
    await condition(news, Math.max(1, asksAt - Date.now()), { summary: 'until another payment method is named' });
    // Each waiting parcel comes here: the first one asks for all.
    await turns.take(async () => {
      if (over() || hold.wanted?.trying !== trying) return;
      if (trying && (paymentNews.has || Date.now() >= asksAt)) await askAgain(order, trying);
      if (Date.now() >= until && hold.wanted) hold.lost = true;
    });
  }
}

/** Asks whether the holder of the other card has confirmed. */
async function askAgain(order: OrderInProgress, trying: RenewHold): Promise<void> {
  try {
    await holdWith(order, trying);
  } catch (error) {
    // Throws bugs.
    troubleOf(error);
  }
}

/** Nothing waits any more: what was not paid for again is not sent. */
export function giveUpHold({ hold, parcels }: OrderInProgress): void {
  if (parcels.open.some(({ waits }) => waits)) return;
  hold.lost = false;
  hold.wanted = undefined;
}

/** The customer has named another payment method. Throws the card's refusal. */
export async function nameMethod(
  order: OrderInProgress,
  { paymentMethod, customerId = order.input.customerId }: PaymentMethodRequest,
): Promise<void> {
  const request = renewal(order, await outstandingOf(order), paymentMethod);
  await holdWith(order, { ...request, customerMayAct: true, customerId });
}

async function holdWith(order: OrderInProgress, request: RenewHold): Promise<void> {
  const { hold, saga, paymentNews } = order;
  const { paymentMethod } = request;
  paymentNews.take();
  const { customerAction } = await saga
    .change('renewHold', (ask) => ask.payment.renewHold(request))
    .catch((error: unknown) => {
      // What was only not answered may still hold.
      const isTried = hold.wanted!.trying?.holdId === request.holdId;
      if (isTried && troubleOf(error).refusal) hold.wanted!.trying = undefined;
      throw error;
    });
  await bookkeeping.renewPayment({ ...saga.update(), paymentMethod, ...(customerAction && { customerAction }) });
  if (customerAction) {
    hold.wanted!.trying = request;
    return;
  }
  hold.paymentMethod = paymentMethod;
  hold.wanted = undefined;
  await heldAgain(order, request);
  await bookWaiting(order);
  showStanding(order);
}
