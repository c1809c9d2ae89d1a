import { type AskedStep, DECISIONS, decisionsAbout } from '../../activities/intervention-decisions.ts';
import type { Intervention, InterventionStep } from '../../activities/order-intervention.ts';
import type { InterventionAction } from '../../activities/order-bookkeeping.ts';

/** What each answer to an intervention does, for the person who decides. */
type Effects = Readonly<Partial<Record<InterventionAction, string>>>;

/** By step, exactly what may be decided about it. `reconcile` is none: no workflow asks, and nothing waits. */
const EFFECTS: {
  readonly [Name in AskedStep]: Readonly<Record<(typeof DECISIONS)[Name][number], string>>;
} & Readonly<Record<'reconcile', Readonly<Record<'retry' | 'skip', string>>>> = {
  takeLines: {
    retry: 'Puts the ordered lines back into the cart again.',
    skip: 'The lines stay out of the cart. Tell the customer, who can add them again.',
  },
  reserveStock: {
    retry: 'Releases the reserved pieces again.',
    skip: 'The stock stays as it is. Count the pieces and correct the stock by hand.',
  },
  authorizePayment: {
    retry: 'Asks the card processor again to release the money that it holds.',
    skip: 'The money stays held until you release it at the card processor. The paymentStatus stays requires_action.',
  },
  bookShipment: {
    retry: 'Asks the carrier again to cancel the parcel.',
    skip: 'The parcel stays booked. Cancel it with the carrier, or keep it from being fetched.',
  },
  unbookShipment: {
    retry: 'Asks the carrier again to cancel the parcel. The order goes on once it is canceled or has left.',
  },
  rebookShipment: {
    retry: 'Asks the carrier again to book the parcel, which was canceled before. The order goes on once it is booked.',
  },
  capturePayment: {
    retry: 'Asks the card processor again to take the money.',
    skip: 'The goods have left and are not paid. Get the money in another way. The paymentStatus stays requires_action.',
  },
  recapturePayment: {
    retry: 'Holds the money on the payment method that paid for the order last, and takes it at once.',
    skip: 'It is written off: the card processor takes nothing more, also not late. The paymentStatus stays requires_action.',
    collect_manually:
      'You have got the money in another way: the payment ledger records it, and it counts as captured.',
  },
  dispute: {
    skip: 'You have dealt with it at the card processor: nobody is reminded any more. What the bank decides is still entered into the payment ledger.',
  },
  forgoCapture: { retry: 'Writes the money off in the payment ledger again.' },
  recordManualCapture: { retry: 'Enters the money that you have got into the payment ledger again.' },
  commitStock: {
    retry: 'Takes the pieces that have left out of the stock again.',
    skip: 'The pieces stay in the stock although they have left. Correct the stock by hand.',
  },
  releasePayment: {
    retry: 'Asks the card processor again to release the money that the customer confirmed too late.',
    skip: 'The money stays held until you release it at the card processor. The customer gets no e-mail about it.',
  },
  restockReturn: {
    retry: 'Adds the returned pieces to the stock again.',
    skip: 'The returned pieces are not added to the stock. Correct it by hand. The refund goes on.',
  },
  refundPayment: {
    retry: 'Asks the card processor again to pay the refund.',
    skip: 'Nothing is paid, also not late. A return ends without its refund, and the paymentStatus stays requires_action.',
    refund_manually:
      'You have paid the money back in another way: the payment ledger records it, and it counts as refunded.',
  },
  forgoRefund: { retry: 'Gives the refund up in the payment ledger again.' },
  recordManualRefund: { retry: 'Enters the refund that you have paid into the payment ledger again.' },
  dispatch: {
    retry: 'Asks the carrier again where the parcel is. If it has not left after all, the intervention closes.',
    skip: 'You have settled it: the goods are called back, or are paid in another way.',
  },
  releaseLines: {
    retry: 'Releases the pieces that are not sent again.',
    skip: 'The pieces stay reserved. Count them and correct the stock by hand.',
  },
  releaseRest: {
    retry: 'Asks the card processor again to release what will not be captured.',
    skip: 'The rest of the hold stays until you release it at the card processor. The paymentStatus stays requires_action.',
  },
  releaseReplacedHolds: {
    retry: 'Asks the card processor again to release the holds that another one has replaced.',
    skip: 'The money stays held twice until you release it at the card processor. The paymentStatus stays requires_action.',
  },
  reserveParcel: {
    retry: 'Releases again the pieces that were to be sent once more.',
    skip: 'What was to be sent once more stays reserved. Correct the stock by hand.',
  },
  restockParcel: {
    retry: 'Adds the pieces of the parcel that came back to the stock again.',
    skip: 'The pieces are not added to the stock. Correct it by hand.',
  },
  parcelTrouble: {
    skip: 'You have settled with the customer what becomes of the goods, which were refunded or sent again before.',
  },
  reconcile: {
    retry:
      'Compares the books again. If the discrepancy is gone, this closes; otherwise it stays with what was found now.',
    skip: 'You accept the discrepancy as it is. It comes back only if it becomes another one.',
  },
};

/** For a step that only a newer version of the workflows asks about. */
const UNKNOWN: Effects = {
  retry: 'Takes the step again.',
  skip: 'Goes on without the step. What it would have done is yours to settle.',
};

/** The steps about which a person may be asked. */
export const ASKED_STEPS = Object.keys(EFFECTS) as InterventionStep[];

/** What may be decided now, with what each decision does. */
export function allowedDecisions({
  step,
  state,
  reason,
}: Pick<Intervention, 'step' | 'state' | 'reason'>): Intervention['allowedActions'] {
  if (state !== 'open') return [];
  const effects: Effects = step in EFFECTS ? EFFECTS[step as keyof typeof EFFECTS] : UNKNOWN;
  const allowed = step in DECISIONS ? decisionsAbout(step as AskedStep, reason) : Object.keys(effects);
  return (allowed as InterventionAction[]).map((action) => ({ action, effect: effects[action]! }));
}
