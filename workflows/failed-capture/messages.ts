import type { Money } from '../../activities/money.ts';
import { type Parser, record } from '../incoming/parsing.ts';
import { money, uuid } from '../incoming/values.ts';

/** What the workflow about a failed capture is started with. */
export interface FailedCaptureInput {
  /** What it was to pay for: a parcel, or what had failed before. The first parcel's id is the order's. */
  parcelId: string;
  orderId: string;
  amount: Money;
}
export const failedCaptureInput: Parser<FailedCaptureInput> = record(
  { parcelId: uuid, orderId: uuid, amount: money },
  { others: 'left out' },
);

/** A capture fails once, however many events come about it. */
export const failedCaptureWorkflowId = (parcelId: string): string => `failed-capture-${parcelId}`;
