import type { ParcelTrouble, ResolveParcel } from '../../../activities/parcel.ts';
import { type OrderStage, kettle, orderStage, teapots } from './test-order-service.ts';

/** What happens to parcels on their way, and what becomes of the money. */
export interface SentParcels {
  trouble: (orderId: string, parcelId: string, what: ParcelTrouble) => Promise<void>;
  /** By default: to wait. */
  resolve: (
    orderId: string,
    parcelId: string,
    decision: Partial<ResolveParcel>,
  ) => ReturnType<OrderStage['activities']['resolveParcel']>;
  deliver: (orderId: string, parcelId: string) => ReturnType<OrderStage['activities']['deliverOrder']>;
  /** Reason, amount and lines of each refund. */
  refunds: (orderId: string) => Promise<unknown[]>;
  /** An order in two parcels that have left and are paid for: three teapots, and a kettle. */
  sent: () => Promise<{ orderId: string; first: string; second: string }>;
}

/** Call this in a `describe`. */
export function sentParcelsStage(): OrderStage & SentParcels {
  const stage = orderStage();
  const { note } = stage;
  const sentParcels: SentParcels = {
    trouble: (orderId, parcelId, what) => stage.activities.noteParcel({ ...note(orderId), parcelId, trouble: what }),
    resolve: (orderId, parcelId, decision) =>
      stage.activities.resolveParcel({
        ...note(orderId),
        parcelId,
        action: 'wait',
        note: 'asked the carrier',
        resolvedBy: 'ada',
        ...decision,
      }),
    deliver: (orderId, parcelId) => stage.activities.deliverOrder({ ...note(orderId), parcelId }),
    refunds: async (orderId) =>
      (await stage.requests.listRefunds({ orderId })).items.map(({ reason, amount, lines }) => [
        reason,
        amount.amountMinor,
        lines,
      ]),
    async sent() {
      const orderId = await stage.confirmed();
      const [first, second] = await stage.split(orderId, [[teapots(3)], [kettle]]);
      for (const parcelId of [first!, second!]) {
        await stage.activities.dispatchOrder({ ...note(orderId), parcelId });
        await stage.activities.captureOrder({ ...note(orderId), parcelId });
      }
      return { orderId, first: first!, second: second! };
    },
  };
  return Object.assign(stage, sentParcels);
}
