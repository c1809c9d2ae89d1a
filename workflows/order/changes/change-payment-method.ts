import { nameMethod } from '../hold.ts';
import { type PaymentMethodRequest, paymentMethodRequest } from '../change-messages.ts';
import { type Change, refused } from './change.ts';

/** The customer names another payment method, while the order waits for one. */
export const changePaymentMethod: Change<PaymentMethodRequest> = {
  parse: paymentMethodRequest,
  description: 'The customer names another payment method.',
  check({ hold }) {
    if (!hold.wanted || hold.lost) throw refused('NotChangeableNow', 'the order waits for no payment method');
  },
  async carryOut(order, request) {
    const { history } = order;
    history.add('changePaymentMethod', 'started');
    try {
      await nameMethod(order, request);
    } catch (error) {
      history.add('changePaymentMethod', 'failed');
      throw error;
    }
  },
};
