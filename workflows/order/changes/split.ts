import type { Parcel } from '../parcel.ts';
import type { Parcels } from '../parcels.ts';
import { without } from '../pieces.ts';
import { rebook } from '../rebooking.ts';
import { type SplitRequest, splitRequest } from '../change-messages.ts';
import { type Change, refused } from './change.ts';

// Each parcel costs a few dozen history events.
const MOST_PARCELS = 20;

/** What has not left is sent in these parcels. */
export const split: Change<SplitRequest> = {
  parse: splitRequest,
  description: 'Staff divides what has not left into parcels.',
  check({ parcels, hold }, { parcels: wanted }) {
    const open = divisible(parcels);
    if (open.length === 0) throw refused('TooLateToChange', 'everything of this order has left');
    if (hold.wanted) throw refused('NotChangeableNow', 'the order waits for another payment method');
    const pieces = open.flatMap(({ lines }) => lines);
    const rest = without(
      pieces,
      wanted.flatMap(({ lines }) => lines),
    );
    if (rest?.length !== 0) throw refused('LinesDiffer', 'the parcels must hold exactly what has not left');
    if (parcels.all.length - open.length + wanted.length > MOST_PARCELS) {
      throw refused('TooMany', `an order has at most ${MOST_PARCELS} parcels`);
    }
  },
  async carryOut(order, { parcels: wanted }) {
    const { history, parcels } = order;
    history.add('split', 'started', { detail: `${wanted.length} parcels` });
    try {
      const replaced = divisible(parcels);
      const { paid } = replaced[0]!.state;
      await rebook(order, { replaced, fresh: wanted.map(({ lines }) => parcels.expect(lines, { paid })) });
    } catch (error) {
      history.add('split', 'failed');
      throw error;
    }
  },
};

/** What has not left; what is paid for already, because it is sent again, only where there is nothing else. */
function divisible({ open }: Parcels): Parcel[] {
  const unpaid = open.filter(({ state }) => !state.paid);
  return unpaid.length > 0 ? unpaid : open;
}
