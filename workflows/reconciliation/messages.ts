import { type Parser, orAbsent, record } from '../incoming/parsing.ts';

/** What a comparison of the books is started with: nothing so far, so that a person can start one by hand. */
export type ReconciliationInput = Record<string, never>;
export const reconciliationInput: Parser<ReconciliationInput> = orAbsent(record({}, { others: 'left out' }), {});

/** The id of the schedule, and the beginning of the ids of the workflows that it starts. */
export const RECONCILIATION_ID = 'reconcile';
