import { type Generated, type Kysely, type Transaction, sql } from 'kysely';
import { Undone } from './operation.ts';
import { Refusal } from './refusal.ts';

/**
 * What has been done, refused or undone for one subject (an order, a return, an adjustment) and one step.
 * The primary key is the idempotency key: however often and however late a step is asked for,
 * its races end at this row.
 *
 * A service's first migration creates the table: copy it from services/cart/migrations/001_create_cart.ts.
 */
export interface EffectTable {
  subject: string;
  step: string;
  state: 'done' | 'refused' | 'undone';
  /** The first answer, handed back on every repeat. */
  answer: unknown;
  refusal_code: string | null;
  refusal_message: string | null;
  at: Generated<Date>;
}

export interface EffectDatabase {
  effects: EffectTable;
}

export interface EffectKey {
  subject: string;
  step: string;
}

type WhenRefused<Database> = (transaction: Transaction<Database>, refusal: Refusal) => Promise<void>;

type EffectRow = Pick<EffectTable, 'state' | 'answer' | 'refusal_code' | 'refusal_message'>;

/**
 * Does `effect` at most once for this key, in one transaction with its answer. A repeat gets the first answer,
 * or the first refusal; after `undo` it is refused as `Undone`. Two at once: the second waits for the first.
 * `refused` runs in the same transaction as the stored refusal, after the effect's own writes are taken back.
 */
export async function once<Database extends EffectDatabase, Answer>(
  db: Kysely<Database>,
  key: EffectKey,
  effect: (transaction: Transaction<Database>) => Promise<Answer>,
  refused?: WhenRefused<Database>,
): Promise<Answer> {
  const outcome = await db
    .transaction()
    .execute((transaction) => take(transaction, key, effect))
    .catch((error: unknown) => {
      // The effect has taken everything back, its claim as well: whoever is next at the key has the word.
      if (!(error instanceof Refusal)) throw error;
      return db.transaction().execute((transaction) => refuse(transaction, key, { refusal: error, refused }));
    });
  return settle(outcome, key) as Answer;
}

/** The stored outcome of a step, or undefined where it was never asked for. Throws as `once` would. */
export async function recall<Database extends EffectDatabase, Answer>(
  db: Kysely<Database>,
  key: EffectKey,
): Promise<{ answer: Answer } | undefined> {
  const row = await find(db as unknown as Kysely<EffectDatabase>, key);
  return row && { answer: settle(row, key) as Answer };
}

/**
 * Undoes a step at most once, also one that never happened: its mark then keeps it from happening late.
 * `reverse` runs only where there is something to reverse, in the same transaction as the mark.
 */
export async function undo<Database extends EffectDatabase>(
  db: Kysely<Database>,
  key: EffectKey,
  reverse: (transaction: Transaction<Database>) => Promise<void>,
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const work = effectsOf(transaction);
    const earlier = await claim(work, key, { state: 'undone' });
    if (!earlier || earlier.state === 'undone') return;
    if (earlier.state === 'done') await reverse(transaction);
    await work.updateTable('effects').set({ state: 'undone' }).where(matches(key)).execute();
  });
}

/** A service's transaction, seen as one on its effects only. */
const effectsOf = <Database extends EffectDatabase>(transaction: Transaction<Database>) =>
  transaction as unknown as Transaction<EffectDatabase>;

type Outcome = Pick<EffectTable, 'state'> & Partial<Pick<EffectTable, 'refusal_code' | 'refusal_message'>>;

/** Takes the key for this transaction; answers who had it before, if anybody, and holds that row. */
async function claim(
  work: Transaction<EffectDatabase>,
  key: EffectKey,
  outcome: Outcome,
): Promise<EffectRow | undefined> {
  const row = { answer: null, refusal_code: null, refusal_message: null, ...outcome };
  const claimed = await work
    .insertInto('effects')
    .values({ ...key, ...row })
    .onConflict((conflict) => conflict.columns(['subject', 'step']).doNothing())
    .executeTakeFirst();
  if (claimed.numInsertedOrUpdatedRows === 1n) return undefined;
  return selectEffect(work).where(matches(key)).forUpdate().executeTakeFirstOrThrow();
}

/** Throws the effect's refusal, which ends the transaction. */
async function take<Database extends EffectDatabase, Answer>(
  transaction: Transaction<Database>,
  key: EffectKey,
  effect: (transaction: Transaction<Database>) => Promise<Answer>,
): Promise<EffectRow> {
  const work = effectsOf(transaction);
  const earlier = await claim(work, key, { state: 'done' });
  if (earlier) return earlier;
  const answer = await effect(transaction);
  if (answer !== undefined) {
    await work
      .updateTable('effects')
      .set({ answer: JSON.stringify(answer) })
      .where(matches(key))
      .execute();
  }
  return { state: 'done', answer, refusal_code: null, refusal_message: null };
}

async function refuse<Database extends EffectDatabase>(
  transaction: Transaction<Database>,
  key: EffectKey,
  { refusal, refused }: { refusal: Refusal; refused: WhenRefused<Database> | undefined },
): Promise<EffectRow> {
  const row = { state: 'refused' as const, refusal_code: refusal.code, refusal_message: refusal.message };
  const earlier = await claim(effectsOf(transaction), key, row);
  if (earlier) return earlier;
  await refused?.(transaction, refusal);
  return { ...row, answer: null };
}

function settle(row: EffectRow, key: EffectKey): unknown {
  if (row.state === 'undone') throw new Refusal(Undone, `${key.step} of ${key.subject} was undone before it happened`);
  if (row.state === 'refused') throw new Refusal(row.refusal_code!, row.refusal_message ?? '');
  return row.answer ?? undefined;
}

const find = (db: Kysely<EffectDatabase>, key: EffectKey): Promise<EffectRow | undefined> =>
  selectEffect(db).where(matches(key)).executeTakeFirst();

const selectEffect = (db: Kysely<EffectDatabase>) =>
  db.selectFrom('effects').select(['state', 'answer', 'refusal_code', 'refusal_message']);

const matches = (key: EffectKey) => sql<boolean>`subject = ${key.subject}::uuid and step = ${key.step}`;
