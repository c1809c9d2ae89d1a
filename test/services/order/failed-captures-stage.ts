import { randomUUID } from 'node:crypto';
import type { RecaptureOutcome } from '../../../activities/order-bookkeeping.ts';
import { failedCaptureWorkflowId } from '../../../workflows/failed-capture/messages.ts';
import { type SentParcels, sentParcelsStage } from './sent-parcels-stage.ts';
import { type OrderStage, pounds } from './test-order-service.ts';

/** What all that `draft` orders costs. */
export const TOTAL = 5500;

interface FailedCaptures {
  /** By default: the whole capture of an order in one parcel. */
  takeBack: (
    orderId: string,
    capture?: { parcelId?: string; captureId?: string; amountMinor?: number },
  ) => ReturnType<OrderStage['activities']['takeBackCapture']>;
  end: (orderId: string, captureId: string, outcome: RecaptureOutcome) => Promise<void>;
  /** Staff gives some money back. */
  goodwill: (orderId: string, amountMinor: number) => ReturnType<OrderStage['requests']['draftRefund']>;
  /** A parcel leaves, and this is captured. */
  send: (orderId: string, parcelId: string, amountMinor: number) => Promise<void>;
  /** A parcel is lost, and staff decides to refund it. */
  giveUp: (orderId: string, parcelId: string) => Promise<void>;
  /** Three teapots in a parcel of their own, whose capture is taken back; a kettle in another, which is paid. */
  oneTakenBack: () => Promise<{ orderId: string; captureId: string; first: string; second: string }>;
}

/** Call this in a `describe`. */
export function failedCapturesStage(): OrderStage & SentParcels & FailedCaptures {
  const stage = sentParcelsStage();
  const { note } = stage;
  const noteOf = (orderId: string, parcelId: string) => ({
    orderId,
    workflowId: failedCaptureWorkflowId(parcelId),
    entries: [],
  });
  const failedCaptures: FailedCaptures = {
    takeBack: (orderId, { parcelId = orderId, captureId = randomUUID(), amountMinor = TOTAL } = {}) =>
      stage.activities.takeBackCapture({
        ...noteOf(orderId, parcelId),
        parcelId,
        captureId,
        amount: pounds(amountMinor),
      }),
    end: (orderId, captureId, outcome) =>
      stage.activities.endFailedCapture({ ...noteOf(orderId, orderId), captureId, outcome }),
    goodwill: (orderId, amountMinor) =>
      stage.requests.draftRefund({
        refundId: randomUUID(),
        orderId,
        part: { amount: pounds(amountMinor) },
        reason: 'goodwill',
        requestedBy: 'staff-1',
      }),
    async send(orderId, parcelId, amountMinor) {
      await stage.activities.dispatchOrder({ ...note(orderId), parcelId });
      await stage.activities.captureOrder({ ...note(orderId), parcelId, captured: pounds(amountMinor) });
    },
    async giveUp(orderId, parcelId) {
      await stage.trouble(orderId, parcelId, 'lost');
      await stage.resolve(orderId, parcelId, { action: 'refund' });
    },
    async oneTakenBack() {
      const sent = await stage.sent();
      const captureId = randomUUID();
      await failedCaptures.takeBack(sent.orderId, { parcelId: sent.first, captureId, amountMinor: 3000 });
      return { ...sent, captureId };
    },
  };
  return Object.assign(stage, failedCaptures);
}
