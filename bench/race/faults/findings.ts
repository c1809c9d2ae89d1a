import type { Asked } from './customers.ts';
import type { Standing, Standings } from './standing.ts';

/** What can be wrong with an order when everything has had time to end. */
export const WRONGS = {
  lost: 'told as confirmed, and not confirmed, not paid, not reserved or not booked',
  untrue: 'told as rejected, and confirmed',
  accepted: 'confirmed, and had to be rejected',
  doubled: 'more held, reserved or booked than ordered',
  'left-behind': 'money held, goods reserved or a parcel booked for an order that is not confirmed',
  stuck: 'neither confirmed nor rejected, or confirmed without all of its effects',
  unequal: 'the books of the payment or shipping service differ from the processor’s or the carrier’s',
} as const;
export type Wrong = keyof typeof WRONGS;
export const WRONG_KINDS = Object.keys(WRONGS) as readonly Wrong[];

/**
 * What is wrong with each of these orders; orders with which nothing is wrong are left out.
 * @param resumes whether the system goes on with an order without its customer. If not, an order that is only recorded
 *   waits for its customer to ask again, and holds nothing: that is not wrong.
 */
export function findings(asked: readonly Asked[], standings: Standings, resumes: boolean): Map<string, Wrong[]> {
  const found = asked.map((one) => {
    const standing = standings.of(one.order.orderId);
    return [one.order.orderId, wrongsOf(one, standing, resumes)] as const;
  });
  return new Map(found.filter(([, wrongs]) => wrongs.length > 0));
}

function wrongsOf({ order, refusal, told }: Asked, standing: Standing, resumes: boolean): Wrong[] {
  const { status, held, reserved, parcels } = standing;
  const pieces = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const amount = order.total.amountMinor;
  const confirmed = status === 'confirmed';
  const effects = held > 0 || reserved > 0 || parcels > 0;
  const complete = confirmed && held >= amount && reserved >= pieces && parcels >= 1;
  // One of which nothing is recorded was never taken, and its customer was told nothing.
  const undecided = !confirmed && status !== 'rejected' && (effects || (resumes && status !== undefined));
  const is: Record<Wrong, boolean> = {
    lost: told === 'confirmed' && !complete,
    untrue: told === 'rejected' && confirmed,
    accepted: confirmed && refusal !== undefined,
    doubled: held > amount || reserved > pieces || parcels > 1 || standing.authorizations > 1,
    'left-behind': !confirmed && effects,
    stuck: undecided || (confirmed && !complete && told === 'nothing'),
    unequal: standing.heldInBooks !== held || standing.parcelsInBooks !== parcels,
  };
  return WRONG_KINDS.filter((wrong) => is[wrong]);
}
