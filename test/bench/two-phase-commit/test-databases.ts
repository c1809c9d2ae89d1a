import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { rollBackPrepared } from '../../../bench/race/superuser.ts';
import { twoPhaseCommit } from '../../../bench/race/systems/two-phase-commit.ts';
import { connect } from '../../../platform/database/connection.ts';
import { provision, withDatabase } from '../../../platform/database/provision.ts';

type Name = 'order' | 'inventory' | 'payment' | 'shipping';

export interface TestDatabases {
  /** As each service's own role, with no more rights than it has in production. */
  url: Readonly<Record<Name, string>>;
  ownerUrl: Readonly<Record<Name, string>>;
  /** The orders of the transactions that wait prepared in any of these databases, each with its service. */
  prepared(): Promise<string[]>;
  drop(): Promise<void>;
}

/** The databases of the system, as the race makes them, on any server. */
export async function testDatabases(superuserUrl: string): Promise<TestDatabases> {
  const run = `two_phase_${randomUUID().slice(0, 8)}`;
  const names = twoPhaseCommit.needs.databases.map(({ name }) => name as Name);
  const databaseOf = (name: Name) => `${run}_${name}`;
  const urls = (urlOf: (name: Name) => string) =>
    Object.fromEntries(names.map((name) => [name, urlOf(name)])) as Record<Name, string>;
  const url = urls((name) => {
    const own = new URL(withDatabase(superuserUrl, databaseOf(name)));
    own.username = databaseOf(name);
    own.password = 'secret';
    return own.href;
  });
  for (const plan of twoPhaseCommit.needs.databases) await provision(plan, superuserUrl, url[plan.name as Name]);
  return {
    url,
    ownerUrl: urls((name) => withDatabase(superuserUrl, databaseOf(name))),
    async prepared() {
      const server = connect<unknown>(superuserUrl, 1);
      const query = sql<{ gid: string }>`
        select gid from pg_prepared_xacts where starts_with(database, ${run}) order by gid`;
      const { rows } = await query.execute(server).finally(() => server.destroy());
      return rows.map(({ gid }) => gid);
    },
    async drop() {
      // After a failed test some may be left, and PostgreSQL does not drop their database.
      for (const name of names) await rollBackPrepared(superuserUrl, databaseOf(name));
      // `drop database` waits for a checkpoint, which on a slow disk takes longer than a service's statement may take.
      const server = connect<unknown>(superuserUrl, 1, 0);
      for (const name of names) {
        await sql`drop database ${sql.id(databaseOf(name))} with (force)`.execute(server);
        await sql`drop role ${sql.id(databaseOf(name))}`.execute(server);
      }
      await server.destroy();
    },
  };
}
