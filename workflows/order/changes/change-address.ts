import { bookkeeping } from '../../saga/bookkeeping.ts';
import { rebook } from '../rebooking.ts';
import { type AddressRequest, addressRequest } from '../change-messages.ts';
import { type Change, refused } from './change.ts';

/** Every parcel goes to another address. */
export const changeAddress: Change<AddressRequest> = {
  parse: addressRequest,
  description: 'The customer or staff changes where the order is sent.',
  check({ parcels, hold }) {
    if (parcels.someLeft) throw refused('TooLateToChange', 'a parcel of this order has left');
    if (hold.wanted) throw refused('NotChangeableNow', 'the order waits for another payment method');
  },
  async carryOut(order, { shippingAddress, version }) {
    const { history, parcels, saga } = order;
    history.add('changeAddress', 'started');
    try {
      if (version !== undefined) await bookkeeping.requireVersion({ ...saga.update(), version });
      const replaced = parcels.open;
      await rebook(order, {
        replaced,
        fresh: replaced.map(({ lines, state }) => parcels.expect(lines, { paid: state.paid })),
        shippingAddress,
      });
    } catch (error) {
      history.add('changeAddress', 'failed');
      throw error;
    }
  },
};
