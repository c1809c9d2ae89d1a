import { type Generated, type Kysely, type RawBuilder, type Transaction, sql } from 'kysely';
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

type StoredEffect = Pick<EffectTable, 'state' | 'answer' | 'refusal_code' | 'refusal_message'>;

/**
 * Performs `effect` at most once for this key and stores its response in the same transaction. A repeat returns the
 * first response or throws the first refusal; after `undo` it is refused as `Undone`. A concurrent call waits for the
 * first.
 */
export async function once<Database extends EffectDatabase, Answer>(
  db: Kysely<Database>,
  key: EffectKey,
  effect: (transaction: Transaction<Database>) => Promise<Answer>,
): Promise<Answer> {
  const stored = await db
    .transaction()
    .execute((transaction) => perform(transaction, key, effect))
    .catch(async (error: unknown) => {
      if (!(error instanceof Refusal)) throw error;
      await claimKey(key, { refusal: error }).execute(db);
      // The rollback released the claim too: if another call has taken the key since, its outcome counts.
      return (await find(effectsOf(db), key))!;
    });
  return outcomeOf(stored, key) as Answer;
}

/**
 * The same for an effect that is one statement: the `insert` of the outcome, to be a CTE that everything else in the
 * statement depends on. It returns a row only to the first call, and only if `condition` holds; `recall` then has what
 * an earlier call stored. A concurrent call waits for the first.
 */
export function claimKey(
  { subject, step }: EffectKey,
  outcome: { answer?: unknown } | { refusal: Refusal },
  condition: RawBuilder<unknown> = sql`true`,
): RawBuilder<unknown> {
  const { refusal, answer } = { refusal: undefined, answer: undefined, ...outcome };
  const stored = [
    answer === undefined ? null : JSON.stringify(answer),
    refusal?.code ?? null,
    refusal?.message ?? null,
  ];
  return sql`
    insert into effects (subject, step, state, answer, refusal_code, refusal_message)
    select ${subject}::uuid, ${step}, ${refusal ? 'refused' : 'done'}, ${stored[0]}::jsonb, ${stored[1]}, ${stored[2]}
    where ${condition}
    on conflict (subject, step) do nothing
    returning subject`;
}

/** The stored response of a step; undefined if the step was never called. Throws the same refusals as `once`. */
export async function recall<Database extends EffectDatabase, Answer>(
  db: Kysely<Database>,
  key: EffectKey,
): Promise<{ answer: Answer } | undefined> {
  const stored = await find(effectsOf(db), key);
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
    const state = await lockOrUndo(transaction, key);
    if (state === 'undone') return;
    if (state === 'done') await reverse(transaction);
    await sql`update effects set state = 'undone' where ${matches(key)}`.execute(transaction);
  });
}

/** A service's database or transaction, typed for the effects table only. */
const effectsOf = <Database extends EffectDatabase>(db: Kysely<Database>) => db as unknown as Kysely<EffectDatabase>;

/** Inserts the tombstone, or locks the row that exists; returns its state. */
async function lockOrUndo<Database>(transaction: Transaction<Database>, key: EffectKey): Promise<EffectTable['state']> {
  const { rows } = await sql<Pick<EffectTable, 'state'>>`
    insert into effects (subject, step, state) values (${key.subject}, ${key.step}, 'undone')
    on conflict (subject, step) do update set state = effects.state
    returning state`.execute(transaction);
  return rows[0]!.state;
}

/** Lets the effect's refusal through, which rolls the transaction back. */
async function perform<Database extends EffectDatabase, Answer>(
  transaction: Transaction<Database>,
  key: EffectKey,
  effect: (transaction: Transaction<Database>) => Promise<Answer>,
): Promise<StoredEffect> {
  const { rows } = await claimKey(key, {}).execute(transaction);
  if (rows.length === 0) return (await find(effectsOf(transaction), key))!;
  const answer = await effect(transaction);
  if (answer !== undefined) {
    await sql`update effects set answer = ${JSON.stringify(answer)} where ${matches(key)}`.execute(transaction);
  }
  return { state: 'done', answer, refusal_code: null, refusal_message: null };
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
