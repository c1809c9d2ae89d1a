import type { FulfillmentStatus, OrderStatus, PaymentStatus, Rejection } from '../../activities/order-status.ts';
import { plainText } from '../display/markdown.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import type { Saga } from '../saga/saga.ts';
import type { Standing } from '../saga/standing.ts';
import { type Trouble, rejectionOf } from '../saga/trouble.ts';
import type { OrderResult } from './messages.ts';
import type { OrderInProgress } from './order-in-progress.ts';

/** Records the end of an order whose steps are all compensated. */
export async function end(order: OrderInProgress, why: 'canceled' | Trouble): Promise<OrderResult> {
  const { history, saga, cancellation } = order;
  const { reason, requested: canceledMeanwhile } = cancellation;
  cancellation.close();
  order.phase = 'ended';
  const left = { paymentStatus: paymentLeft(saga), fulfillmentStatus: fulfillmentLeft(saga) };
  if (why === 'canceled') {
    history.add('cancel', 'succeeded');
    const rejection = order.hold.lost ? NOT_PAID_AGAIN : undefined;
    await bookkeeping.cancelOrder({
      ...saga.update(),
      ...left,
      ...(reason !== undefined && { reason }),
      ...(rejection && { rejection }),
    });
    saga.people.show(endedAs('canceled', left));
    history.now(`**Canceled**${reason ? `: ${plainText(reason)}` : ''}`);
    return { status: 'canceled', ...(reason !== undefined && { detail: reason }) };
  }
  // A customer who cancels an order that is being undone already gets what they ask for.
  if (canceledMeanwhile) history.add('cancel', 'succeeded', { detail: 'the order was being undone already' });
  const rejection = rejectionOf(why);
  history.add('reject', 'succeeded', { detail: rejection.code });
  await bookkeeping.rejectOrder({ ...saga.update(), ...left, rejection });
  saga.people.show(endedAs('rejected', left));
  history.now(`**Rejected**, ${rejection.code}: ${plainText(rejection.detail)}`);
  return { status: 'rejected', ...rejection };
}

const NOT_PAID_AGAIN: Rejection = {
  code: 'AuthorizationExpired',
  detail: 'the card held the money no longer, and no other payment method was named in time',
};

const endedAs = (
  status: OrderStatus,
  left: { paymentStatus: PaymentStatus; fulfillmentStatus: FulfillmentStatus },
): Standing => ({ status, payment: left.paymentStatus, fulfillment: left.fulfillmentStatus, waitsFor: undefined });

function paymentLeft(saga: Saga): PaymentStatus {
  const state = saga.stateOf('authorizePayment');
  // A person who skips a void takes over the authorization.
  if (state === 'skipped') return 'requires_action';
  return state === 'undone' ? 'canceled' : 'not_paid';
}

function fulfillmentLeft(saga: Saga): FulfillmentStatus {
  const state = saga.stateOf('bookShipment');
  // A person who skips the cancellation takes over the parcel: the carrier still has it.
  if (state === 'skipped') return 'booked';
  return state === 'undone' ? 'canceled' : 'not_fulfilled';
}
