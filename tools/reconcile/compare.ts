import { createHash } from 'node:crypto';
import { Tally } from '../tally.ts';
import type { Account } from './account.ts';
import { type Finding, judge } from './rules.ts';
import { type Sources, readAccounts } from './sources.ts';
import { stageOf } from './stage.ts';

export interface Discrepancy extends Finding {
  orderId: string;
}

export interface Comparison {
  orders: number;
  discrepancies: Discrepancy[];
  /** What a ledger finds wrong with its own sums. */
  balances: string[];
  /** Orders under way, by status; `moving` where one changed every time it was looked at. */
  open: Tally;
}

export interface CompareOptions {
  /** An order under way for longer than this is stuck, and that is a discrepancy. */
  stuckMs: number;
  now?: () => number;
  /** Between two looks at what moves. */
  pause: () => Promise<unknown>;
}

// A step takes well under a second; what changes at each of these looks is not stuck and not wrong, but busy.
const LOOKS = 4;

/**
 * Holds every order's ledgers against each other. They are read one after the other while orders move on, so what
 * looks wrong is read again, and reported only once two readings agree.
 */
export async function compare(sources: Sources, options: CompareOptions): Promise<Comparison> {
  const comparison: Comparison = { orders: 0, discrepancies: [], balances: [], open: new Tally() };
  let suspects = new Map<string, string>();
  for await (const account of readAccounts(sources)) {
    if (account.order) comparison.orders += 1;
    if (findingsOf(account, options).length > 0) suspects.set(account.orderId, fingerprint(account));
    else countOpen(account, comparison.open);
  }
  for (let look = 2; look <= LOOKS && suspects.size > 0; look++) {
    await options.pause();
    suspects = await lookAgain(sources, suspects, comparison, options);
  }
  if (suspects.size > 0) comparison.open.add('moving', suspects.size);
  comparison.balances = await sources.checkBalances();
  return comparison;
}

/** Reports the suspects that stand as they stood, lets those go that are right by now, and answers the others. */
async function lookAgain(
  sources: Sources,
  suspects: ReadonlyMap<string, string>,
  { discrepancies, open }: Comparison,
  options: CompareOptions,
): Promise<Map<string, string>> {
  const moving = new Map<string, string>();
  for await (const account of readAccounts(sources)) {
    const before = suspects.get(account.orderId);
    if (before === undefined) continue;
    const findings = findingsOf(account, options);
    const now = fingerprint(account);
    if (findings.length === 0) countOpen(account, open);
    else if (now !== before) moving.set(account.orderId, now);
    else discrepancies.push(...findings.map((finding) => ({ orderId: account.orderId, ...finding })));
  }
  return moving;
}

function findingsOf(account: Account, { stuckMs, now = Date.now }: CompareOptions): Finding[] {
  const { order } = account;
  const findings = judge(account);
  if (!order || stageOf(order) !== 'underWay' || now() - Date.parse(order.updatedAt) <= stuckMs) return findings;
  const found = `${statusOf(order)} since ${order.updatedAt}`;
  return [...findings, { rule: 'stuck', expected: `over within ${Math.round(stuckMs / 60_000)} minutes`, found }];
}

const statusOf = ({ status, paymentStatus }: NonNullable<Account['order']>): string =>
  paymentStatus === 'requires_action' ? paymentStatus : status === 'confirmed' ? 'being captured' : status;

function countOpen({ order }: Account, open: Tally): void {
  if (order && stageOf(order) === 'underWay') open.add(statusOf(order));
}

/** Two readings with the same one saw the same. A digest: an order of 2,000 lines is 400 KB. */
const fingerprint = (account: Account): string =>
  createHash('sha256').update(JSON.stringify(account)).digest('base64url');
