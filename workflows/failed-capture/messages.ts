import type { Money } from '../../activities/money.ts';
import { type Parser, record, string } from '../incoming/parsing.ts';
import { counts, money, uuid } from '../incoming/values.ts';

/** What the workflow about a failed capture is started with. */
export interface FailedCaptureInput {
  /** What it was to pay for: a parcel, or what had failed before. The first parcel's id is the order's. */
  parcelId: string;
  orderId: string;
  amount: Money;
  /** Where the workflow begins again. `why`: it was not collected. */
  before?: { replacementId: string; historyCounts: Record<string, number>; why: string } | undefined;
}
const before = record({ replacementId: uuid, historyCounts: counts, why: string() }, { others: 'left out' });
export const failedCaptureInput: Parser<FailedCaptureInput> = record(
  { parcelId: uuid, orderId: uuid, amount: money },
  { optional: { before }, others: 'left out' },
);

/** A capture fails once, however many events come about it. */
export const failedCaptureWorkflowId = (parcelId: string): string => `failed-capture-${parcelId}`;
