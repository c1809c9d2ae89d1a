import { type Generated, type Kysely, type Transaction, sql } from 'kysely';
import { Undone } from './operation.ts';
import { Refusal } from './refusal.ts';

/**
 * The outcome of one step for one subject (an order, a return, an adjustment): done, refused or undone.
 * The primary key is the idempotency key: races between repeats, late arrivals and compensations end at this row.
 *
 * A service's first migration creates the table: copy it from services/cart/migrations/001_create_cart.ts.
 */
export interface EffectTable {
  subject: string;
  step: string;
  state: 'done' | 'refused' | 'undone';
  /** The first response, returned on every repeat. */
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

type OnRefusal<Database> = (transaction: Transaction<Database>, refusal: Refusal) => Promise<void>;

type StoredEffect = Pick<EffectTable, 'state' | 'answer' | 'refusal_code' | 'refusal_message'>;

/**
 * Performs `effect` at most once for this key and stores its response in the same transaction. A repeat returns the
 * first response or throws the first refusal; after `undo` it is refused as `Undone`. A concurrent call waits for the
 * first. `onRefusal` runs in the transaction that stores the refusal, after the effect was rolled back.
 */
export async function once<Database extends EffectDatabase, Answer>(
  db: Kysely<Database>,
  key: EffectKey,
  effect: (transaction: Transaction<Database>) => Promise<Answer>,
  onRefusal?: OnRefusal<Database>,
): Promise<Answer> {
  const stored = await db
    .transaction()
    .execute((transaction) => perform(transaction, key, effect))
    .catch((error: unknown) => {
      // The rollback released the claim too: if another call has taken the key since, its outcome counts.
      if (!(error instanceof Refusal)) throw error;
      return db.transaction().execute((transaction) => storeRefusal(transaction, key, { refusal: error, onRefusal }));
    });
  return outcomeOf(stored, key) as Answer;
}

/** The stored response of a step; undefined if the step was never called. Throws the same refusals as `once`. */
export async function recall<Database extends EffectDatabase, Answer>(
  db: Kysely<Database>,
  key: EffectKey,
): Promise<{ answer: Answer } | undefined> {
  const stored = await find(db as unknown as Kysely<EffectDatabase>, key);
  return stored && { answer: outcomeOf(stored, key) as Answer };
}

/**
 * Compensates a step at most once, even if it never happened: the tombstone then stops it from happening late.
 * `reverse` runs in the transaction of the tombstone, and only if the step was done.
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

/** A service's transaction, typed for the effects table only. */
const effectsOf = <Database extends EffectDatabase>(transaction: Transaction<Database>) =>
  transaction as unknown as Transaction<EffectDatabase>;

/** Inserts the row of this key, or locks the one that exists and returns it. */
async function claim(
  work: Transaction<EffectDatabase>,
  key: EffectKey,
  effect: Pick<StoredEffect, 'state'> & Partial<StoredEffect>,
): Promise<StoredEffect | undefined> {
  const row = { answer: null, refusal_code: null, refusal_message: null, ...effect };
  const claimed = await work
    .insertInto('effects')
    .values({ ...key, ...row })
    .onConflict((conflict) => conflict.columns(['subject', 'step']).doNothing())
    .executeTakeFirst();
  if (claimed.numInsertedOrUpdatedRows === 1n) return undefined;
  return selectEffect(work).where(matches(key)).forUpdate().executeTakeFirstOrThrow();
}

/** Lets the effect's refusal through, which rolls the transaction back. */
async function perform<Database extends EffectDatabase, Answer>(
  transaction: Transaction<Database>,
  key: EffectKey,
  effect: (transaction: Transaction<Database>) => Promise<Answer>,
): Promise<StoredEffect> {
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

async function storeRefusal<Database extends EffectDatabase>(
  transaction: Transaction<Database>,
  key: EffectKey,
  { refusal, onRefusal }: { refusal: Refusal; onRefusal: OnRefusal<Database> | undefined },
): Promise<StoredEffect> {
  const row = { state: 'refused' as const, refusal_code: refusal.code, refusal_message: refusal.message };
  const earlier = await claim(effectsOf(transaction), key, row);
  if (earlier) return earlier;
  await onRefusal?.(transaction, refusal);
  return { ...row, answer: null };
}

/** Returns the stored response or throws the stored refusal. */
function outcomeOf({ state, answer, refusal_code, refusal_message }: StoredEffect, key: EffectKey): unknown {
  if (state === 'undone') throw new Refusal(Undone, `${key.step} of ${key.subject} was compensated before it happened`);
  if (state === 'refused') throw new Refusal(refusal_code!, refusal_message ?? '');
  return answer ?? undefined;
}

const find = (db: Kysely<EffectDatabase>, key: EffectKey): Promise<StoredEffect | undefined> =>
  selectEffect(db).where(matches(key)).executeTakeFirst();

const selectEffect = (db: Kysely<EffectDatabase>) =>
  db.selectFrom('effects').select(['state', 'answer', 'refusal_code', 'refusal_message']);

const matches = (key: EffectKey) => sql<boolean>`subject = ${key.subject}::uuid and step = ${key.step}`;
