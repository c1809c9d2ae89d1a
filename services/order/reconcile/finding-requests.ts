import { type Kysely, sql } from 'kysely';
import { type OrderRequests, orderRefusal } from '../../../activities/order.ts';
import type { ResolveFinding } from '../../../activities/order-intervention.ts';
import type { Finding } from '../../../activities/reconciliation.ts';
import { storableText } from '../../../platform/database/storable-text.ts';
import type { OrderDatabase } from '../database.ts';
import { findingsOf, missingOf } from './compare.ts';
import { type KnownFinding, balanceFindings, isAboutBalance, orderFinding } from './findings.ts';
import { rulesWithout } from './rules.ts';
import { reasonOf, storable } from './settle.ts';
import { type Sources, readEach } from './sources.ts';

/** A person's decisions about discrepancies. No workflow waits for them. */
export const createFindingRequests = (
  db: Kysely<OrderDatabase>,
  openBooks: () => Promise<Sources>,
  getIntervention: OrderRequests['getIntervention'],
): Pick<OrderRequests, 'resolveFinding'> => ({
  async resolveFinding(decision) {
    const { interventionId, action } = decision;
    const { finding, state } = await getIntervention({ interventionId });
    if (!finding) throw orderRefusal('ActionNotAllowed', 'this intervention is about a step: its workflow resolves it');
    if (state !== 'open') throw closed();
    if (action !== 'retry' && action !== 'skip') throw orderRefusal('ActionNotAllowed', 'choose one of retry, skip');
    const now = action === 'retry' ? await lookAgain(await openBooks(), finding) : undefined;
    if (now) await update(db, interventionId, now);
    else if (!(await resolve(db, decision))) throw closed();
    return getIntervention({ interventionId });
  },
});

const closed = () => orderRefusal('InterventionClosed', 'this intervention has already been resolved');

/** The discrepancy as it is now; undefined if it is gone. */
async function lookAgain(sources: Sources, { rule, subject }: Finding): Promise<KnownFinding | undefined> {
  if (isAboutBalance(rule)) {
    const found = balanceFindings(await sources.checkBalances());
    return found.find((finding) => finding.rule === rule && finding.subject === subject);
  }
  const missing = missingOf(sources);
  for await (const account of readEach(sources, [subject])) {
    const found = findingsOf(account, { missing }).find((finding) => finding.rule === rule);
    if (found) return orderFinding(subject, found);
  }
  if (rulesWithout(missing).includes(rule)) {
    throw orderRefusal('ActionNotAllowed', `the ledger of the ${missing.join(' and the ')} cannot be read`);
  }
  return undefined;
}

async function update(
  db: Kysely<OrderDatabase>,
  id: string,
  { key: _key, orderId: _orderId, ...finding }: KnownFinding,
) {
  await db
    .updateTable('interventions')
    .set({ reason: reasonOf(finding), finding: JSON.stringify(storable(finding)), seen_at: sql`clock_timestamp()` })
    .where('id', '=', id)
    .where('state', '=', 'open')
    .execute();
}

/** False if somebody else has resolved it. */
async function resolve(
  db: Kysely<OrderDatabase>,
  { interventionId, action, note, resolvedBy }: ResolveFinding,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('interventions')
    .set({ state: 'resolved', action, note: storableText(note), resolved_by: resolvedBy, resolved_at: sql`now()` })
    .where('id', '=', interventionId)
    .where('state', '=', 'open')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}
