import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type pg from 'pg';
import { Branch } from '../../../bench/race/peers/two-phase-commit/branch.ts';
import { connect, openPool } from '../../../platform/database/connection.ts';
import { postgresUrl } from '../../stage/shared-server.ts';

describe('a branch of a distributed transaction', () => {
  let pool: pg.Pool;
  let db: Kysely<unknown>;
  const table = sql.id(`branch_${randomUUID().slice(0, 8)}`);

  before(async function () {
    this.timeout(120_000);
    pool = openPool(await postgresUrl(), 1);
    db = connect(await postgresUrl(), 1);
    await sql`create table ${table} (number int primary key)`.execute(db);
  });
  after(async () => {
    await sql`drop table ${table}`.execute(db);
    await Promise.all([pool.end(), db.destroy()]);
  });
  beforeEach(() => sql`delete from ${table}`.execute(db));

  const insert = (into: Kysely<unknown>, number: number) => sql`insert into ${table} values (${number})`.execute(into);
  const stored = async () => {
    const { rows } = await sql<{ number: number }>`select number from ${table} order by number`.execute(db);
    return rows.map(({ number }) => number);
  };
  async function begun(): Promise<Branch<unknown>> {
    const branch = new Branch<unknown>(pool);
    await branch.begin();
    return branch;
  }

  it('commits each statement before it begins, and waits for the decision with all later ones', async () => {
    const branch = new Branch<unknown>(pool);
    await insert(branch.db, 1);
    await branch.begin();
    await insert(branch.db, 2);
    const name = `branch-${randomUUID()}`;
    await branch.prepare(name);
    assert.deepEqual(await stored(), [1]);
    await sql`commit prepared ${sql.lit(name)}`.execute(db);
    assert.deepEqual(await stored(), [1, 2]);
  });

  it('does not end with a transaction that is opened inside of it', async () => {
    const branch = await begun();
    await branch.db.transaction().execute((inside) => insert(inside, 1));
    await assert.rejects(
      branch.db.transaction().execute(async (inside) => {
        await insert(inside, 2);
        throw new Error('no');
      }),
      /no/,
    );
    assert.deepEqual(await stored(), []);
    await branch.commit();
    assert.deepEqual(await stored(), [1]);
  });

  it('is not prepared after a statement whose failure was ignored', async () => {
    const branch = await begun();
    await insert(branch.db, 1);
    await assert.rejects(insert(branch.db, 1), /duplicate key/);
    await assert.rejects(branch.prepare(`branch-${randomUUID()}`), /was rolled back/);
    assert.deepEqual(await stored(), []);
  });

  it('gives its connection back when it ends', async () => {
    const ends = [
      (branch: Branch<unknown>) => branch.commit(),
      (branch: Branch<unknown>) => branch.rollback(),
      // PostgreSQL refuses names of 200 characters.
      (branch: Branch<unknown>) => assert.rejects(branch.prepare('x'.repeat(200)), /too long/),
    ];
    for (const end of ends) {
      const branch = await begun();
      await insert(branch.db, 1);
      await end(branch);
      assert.equal(branch.isOpen, false);
      await sql`delete from ${table}`.execute(branch.db);
    }
    assert.deepEqual(await stored(), []);
  });
});
