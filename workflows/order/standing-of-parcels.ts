import type { FulfillmentStatus, PaymentStatus } from '../../activities/order-status.ts';
import type { Standing } from '../saga/standing.ts';
import type { OrderInProgress } from './order-in-progress.ts';
import type { Parcel } from './parcel.ts';

/** Shows in the Temporal Web UI's lists how a confirmed order stands, by its parcels. */
export const showStanding = ({ parcels, hold, saga }: OrderInProgress): void =>
  saga.people.show(standingOf(parcels.all, hold.wanted !== undefined));

function standingOf(parcels: readonly Parcel[], methodWanted: boolean): Omit<Standing, 'status'> {
  const left = parcels.filter((parcel) => parcel.left);
  const delivered = parcels.filter((parcel) => parcel.delivered);
  return {
    payment: paymentOf(parcels, methodWanted),
    fulfillment: fulfillmentOf({ parcels, left, delivered }),
    waitsFor: methodWanted
      ? 'payment_method'
      : parcels.some(({ failed }) => failed)
        ? 'parcel_decision'
        : left.length < parcels.length
          ? 'dispatch'
          : parcels.every(({ ended }) => ended)
            ? 'return_window'
            : 'delivery',
  };
}

function paymentOf(parcels: readonly Parcel[], methodWanted: boolean): PaymentStatus {
  const paid = parcels.filter(({ state }) => state.paid);
  if (methodWanted) return 'awaiting_customer';
  if (paid.length === 0) return 'authorized';
  return paid.length === parcels.length ? 'captured' : 'partially_captured';
}

function fulfillmentOf({
  parcels,
  left,
  delivered,
}: Record<'parcels' | 'left' | 'delivered', readonly Parcel[]>): FulfillmentStatus {
  const failed = parcels.find((parcel) => parcel.failed);
  if (failed) return failed.state.status === 'lost' ? 'lost' : 'returned_to_sender';
  if (delivered.length > 0) return parcels.every(({ ended }) => ended) ? 'delivered' : 'partially_delivered';
  if (left.length > 0) return left.length === parcels.length ? 'shipped' : 'partially_shipped';
  return parcels.every(({ waits }) => waits) ? 'not_fulfilled' : 'booked';
}
