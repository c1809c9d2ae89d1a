import { createHash } from 'node:crypto';
import { Tally } from '../../../platform/tally.ts';
import type { Account } from './account.ts';
import { type Finding, type OutsideName, checkRules } from './rules.ts';
import { type ReadingOptions, type Sources, readAccounts, readEach } from './sources.ts';
import { needsWorkflow, stageOf } from './stage.ts';

export interface Discrepancy extends Finding {
  orderId: string;
}

export interface Comparison {
  orders: number;
  discrepancies: Discrepancy[];
  /** Discrepancies within one ledger: its balances differ from its entries. */
  balances: string[];
  /** Orders in progress, by status; `moving` counts those that changed between every two readings. */
  open: Tally;
  /** Those that changed between every two readings, so that nothing is known about them. */
  moving: string[];
  /** The ledgers that cannot be read, so that the rules about them were not checked. */
  notCompared: OutsideName[];
  /** How many orders differed and were not read again, because too many did. */
  unsettled: number;
}

export interface CheckOptions {
  /** An order that is in progress for longer than this is stuck, which is a discrepancy. Absent: none is. */
  stuckMs?: number | undefined;
  now?: () => number;
}

export interface CompareOptions extends CheckOptions, ReadingOptions {
  /** Waits between two readings. */
  pause: () => Promise<unknown>;
  /** How many orders to read again at most. Absent: all that differ. */
  maxSuspects?: number;
}

// A step takes well under a second. An order that differs in each of these readings is busy, not wrong.
const MAX_READINGS = 4;

// An order costs seven requests by itself. Beyond this many, reading everything again costs less.
const READ_EACH = 1_000;

// An order may be placed, or confirmed, a moment before its workflow is started, and Temporal's list shows it only then.
const HAND_OVER_MS = 30_000;

/**
 * Compares the ledgers of every order. They are read one after the other while orders make progress, so a suspected
 * discrepancy is read again and reported only if two readings agree.
 */
export async function compare(sources: Sources, options: CompareOptions): Promise<Comparison> {
  const comparison: Comparison = {
    orders: 0,
    discrepancies: [],
    balances: [],
    open: new Tally(),
    moving: [],
    notCompared: missingOf(sources),
    unsettled: 0,
  };
  let suspects = new Map<string, string>();
  for await (const account of readAccounts(sources, options)) {
    if (account.order) comparison.orders += 1;
    if (findingsOf(account, { ...options, missing: comparison.notCompared }).length === 0) {
      countOpen(account, comparison.open);
    } else if (suspects.size < (options.maxSuspects ?? Infinity)) {
      suspects.set(account.orderId, fingerprint(account));
    } else comparison.unsettled += 1;
  }
  const balances = await sources.checkBalances();
  for (let reading = 2; reading <= MAX_READINGS && suspects.size > 0; reading++) {
    await options.pause();
    suspects = await readAgain(sources, suspects, comparison, options);
  }
  if (suspects.size > 0) comparison.open.add('moving', suspects.size);
  comparison.moving = [...suspects.keys()];
  if (balances.length > 0) {
    await options.pause();
    const again = new Set(await sources.checkBalances());
    comparison.balances = balances.filter((discrepancy) => again.has(discrepancy));
  }
  return comparison;
}

/** The ledgers that cannot be read. */
export const missingOf = ({ processor, carrier }: Sources): OutsideName[] => [
  ...(processor ? [] : (['processor'] as const)),
  ...(carrier ? [] : (['carrier'] as const)),
];

/** Reports the suspects that did not change, drops those that are correct now, and returns those that changed. */
async function readAgain(
  sources: Sources,
  suspects: ReadonlyMap<string, string>,
  { discrepancies, open, notCompared: missing }: Comparison,
  options: CompareOptions,
): Promise<Map<string, string>> {
  const moving = new Map<string, string>();
  const few = suspects.size <= READ_EACH;
  for await (const account of few ? readEach(sources, suspects.keys(), options) : readAccounts(sources, options)) {
    const before = suspects.get(account.orderId);
    if (before === undefined) continue;
    const findings = findingsOf(account, { ...options, missing });
    const now = fingerprint(account);
    if (findings.length === 0) countOpen(account, open);
    else if (now !== before) moving.set(account.orderId, now);
    else discrepancies.push(...findings.map((finding) => ({ orderId: account.orderId, ...finding })));
  }
  return moving;
}

/** The rules that this account breaks, at this moment. */
export function findingsOf(
  account: Account,
  { stuckMs = Infinity, now = Date.now, missing }: CheckOptions & { missing: readonly OutsideName[] },
): Finding[] {
  const { order, workflowRuns } = account;
  const findings = checkRules(account, missing);
  if (!order) return findings;
  const ageMs = now() - Date.parse(order.updatedAt);
  if (needsWorkflow(order) && !workflowRuns && ageMs > HAND_OVER_MS) {
    findings.push({
      rule: 'workflow',
      expected: 'a running workflow',
      found: `none, and the order is ${order.status} since ${order.updatedAt}`,
    });
  }
  // A customer may take their time.
  const lateMs = now() - Date.parse(order.awaitsCustomerUntil ?? order.updatedAt);
  if (stageOf(order) === 'inProgress' && lateMs > stuckMs) {
    findings.push({
      rule: 'stuck',
      expected: `finished within ${Math.round(stuckMs / 60_000)} minutes`,
      found: `${statusOf(order)} since ${order.updatedAt}`,
    });
  }
  return findings;
}

const statusOf = ({ status, paymentStatus }: NonNullable<Account['order']>): string =>
  paymentStatus === 'requires_action' ? paymentStatus : status === 'confirmed' ? 'being captured' : status;

function countOpen({ order }: Account, open: Tally): void {
  if (order && stageOf(order) === 'inProgress') open.add(statusOf(order));
}

/** Equal for equal accounts. A digest, because an order with 2,000 lines is 400 KB. */
const fingerprint = (account: Account): string =>
  createHash('sha256').update(JSON.stringify(account)).digest('base64url');
