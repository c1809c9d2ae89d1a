import type { Kysely } from 'kysely';
import type { ReconciliationReport } from '../../../activities/reconciliation.ts';
import type { OrderDatabase } from '../database.ts';
import { type Comparison, type CompareOptions, compare } from './compare.ts';
import { type KnownFinding, knownFindings, sentenceOf } from './findings.ts';
import { type OutsideName, rulesWithout } from './rules.ts';
import { closeGone, openFindings, timeOf } from './settle.ts';
import type { Sources } from './sources.ts';

export interface ReconcileOptions extends Pick<CompareOptions, 'pause' | 'progress' | 'now' | 'windowEntries'> {
  /** In which workflow. */
  workflowId: string;
}

// An order that differs is 90 bytes in memory.
const MAX_SUSPECTS = 10_000;
// A person does not read a thousand: something is broken that is the same for all.
const MAX_FINDINGS = 1_000;
// Whatever blocks an order is repaired within a day, or somebody must look.
const STUCK_MS = 24 * 60 * 60 * 1000;
// They are part of a workflow's history, for people who look at it.
const EXAMPLES = 20;
const EXAMPLE_LENGTH = 300;

/** Compares all books and keeps the interventions about them up to date. See the contract. */
export async function reconcileBooks(
  db: Kysely<OrderDatabase>,
  sources: Sources,
  { workflowId, ...options }: ReconcileOptions,
): Promise<ReconciliationReport> {
  const since = await timeOf(db);
  const comparison = await compare(sources, { ...options, maxSuspects: MAX_SUSPECTS, stuckMs: STUCK_MS });
  const all = knownFindings(comparison).filter((finding) => !waitsForPerson(finding));
  const findings = all.slice(0, MAX_FINDINGS);
  const told = await openFindings(db, findings, workflowId);
  const leftOut = all.length - findings.length;
  const { moving, notCompared, unsettled } = comparison;
  // Where not all is known, what was not found may be there all the same.
  const knowsAll = leftOut === 0 && unsettled === 0;
  const closed = knowsAll ? await closeGone(db, { since, subjects: moving, rules: rulesWithout(notCompared) }) : 0;
  return {
    orders: comparison.orders,
    findings: all.length,
    ...told,
    leftOut,
    closed,
    moving: moving.length,
    notCompared: gapsOf(comparison),
    examples: findings.slice(0, EXAMPLES).map(exampleOf),
  };
}

/** An order that waits for a person has an intervention already. */
const waitsForPerson = ({ rule, found }: KnownFinding): boolean =>
  rule === 'stuck' && found.startsWith('requires_action');

const NOT_READ: Readonly<Record<OutsideName, string>> = {
  processor: 'the ledger of the card processor: it has none that can be read',
  carrier: 'the ledger of the carrier: it has none that can be read',
};

const gapsOf = ({ notCompared, unsettled }: Comparison): string[] => [
  ...notCompared.map((name) => NOT_READ[name]),
  ...(unsettled > 0 ? [`${unsettled} orders that differed in one reading: too many to read them again`] : []),
];

const exampleOf = (finding: KnownFinding): string =>
  `${finding.subject} ${sentenceOf(finding)}`.slice(0, EXAMPLE_LENGTH);
