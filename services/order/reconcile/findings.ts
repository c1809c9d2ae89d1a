import { createHash } from 'node:crypto';
import type { Finding } from '../../../activities/reconciliation.ts';
import type { Comparison } from './compare.ts';

/** A discrepancy as an intervention shows it. */
export interface KnownFinding extends Finding {
  /** The same for the same rule and subject, whatever was found. */
  key: string;
  /** The order that it is about, perhaps one that we do not know. */
  orderId: string | null;
}

// An order with 2,000 lines may differ in all of them. A person who looks at it reads the ledgers themselves.
const MAX_TEXT = 400;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** What a comparison has found, each subject and rule once. */
export const knownFindings = ({ discrepancies, balances }: Pick<Comparison, 'discrepancies' | 'balances'>) => [
  ...discrepancies.map(({ orderId, ...finding }) => orderFinding(orderId, finding)),
  ...balanceFindings(balances),
];

export const orderFinding = (
  orderId: string,
  { rule, expected, found }: Pick<Finding, 'rule' | 'expected' | 'found'>,
): KnownFinding => known({ rule, subject: orderId, expected, found });

/**
 * The discrepancies within a ledger, such as `stock-balance: tea: on hand 12, the ledger says 5`. All about the same part of
 * the ledger, here `tea`, are one.
 */
export function balanceFindings(balances: readonly string[]): KnownFinding[] {
  const parts = balances.map(
    (sentence) => /^(?<rule>[^:]+): (?<subject>[^:]+)(?:: (?<found>.*))?$/s.exec(sentence)!.groups!,
  );
  const same = Map.groupBy(parts, ({ rule, subject }) => `${rule}: ${subject}`);
  return [...same.values()].map((about) =>
    known({
      rule: about[0]!.rule!,
      subject: about[0]!.subject!,
      expected: 'what the entries of the ledger add up to',
      found: about.map(({ found }) => found ?? 'another sum').join('; '),
    }),
  );
}

/** Whether the rule is about a ledger's own balances and not about one order's entries. */
export const isAboutBalance = (rule: string): boolean => rule.endsWith('-balance');

/** A finding as a line. */
export const sentenceOf = ({ rule, expected, found }: Finding): string =>
  `${rule}: expected ${expected}; found ${found}`;

const known = ({ rule, subject, expected, found }: Finding): KnownFinding => ({
  key: sha256(JSON.stringify([rule, subject])),
  orderId: UUID.exec(subject)?.[0] ?? null,
  rule,
  subject: bounded(subject),
  expected: bounded(expected),
  found: bounded(found),
});

/** Two long texts that begin alike stay different. */
const bounded = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (all of it has SHA-256 ${sha256(text).slice(0, 12)})` : text;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url');
