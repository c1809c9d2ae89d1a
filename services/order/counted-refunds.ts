import { type RawBuilder, sql } from 'kysely';

// A refund may fail after the card processor had said yes, and another one takes its place. These are expressions over the columns of
// `refunds`. An older order service does not record how much has failed: then it is all, and the other one names the pieces.

const isOfOlderService = sql<boolean>`(refunds.status = 'failed' and failed_minor = 0)`;

/** What of a refund was paid or is about to be, unless a person has decided against it. */
export const countedMinor: RawBuilder<number> = sql`case when ${isOfOlderService} then 0 else amount_minor - failed_minor end`;

/** Whether it is for pieces, and no other refund is for them in its place. */
export const isForPieces: RawBuilder<boolean> = sql`(
  refunds.lines is not null and not lines_moved and not ${isOfOlderService})`;
