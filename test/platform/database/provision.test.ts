import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { SettingError } from '../../../platform/config.ts';
import { connect } from '../../../platform/database/connection.ts';
import { checkVersion, provision, withDatabase } from '../../../platform/database/provision.ts';
import { DATABASES } from '../../../services/registry.ts';
import { postgresUrl } from '../../stage/shared-server.ts';

const plan = DATABASES.shipping;

/** A server where somebody else makes roles and databases: the owner of DATABASE_URL is no superuser. */
describe('a database on a server whose superuser is somebody else', function () {
  this.timeout(60_000);
  let server: Kysely<unknown>;
  let owner: string;
  let role: string;
  let database: string;

  before(async () => {
    server = connect<unknown>(await postgresUrl(), 1, 0);
  });
  beforeEach(async () => {
    const name = `t_${randomUUID().slice(0, 8)}`;
    [owner, role, database] = [`${name}_owner`, `${name}_service`, name];
    await sql`create role ${sql.id(owner)} login`.execute(server);
  });
  afterEach(async () => {
    await sql`drop database if exists ${sql.id(database)} with (force)`.execute(server);
    for (const one of [owner, role]) await sql`drop role if exists ${sql.id(one)}`.execute(server);
  });
  after(() => server.destroy());

  const makeRole = () => sql`create role ${sql.id(role)} login password 'made beforehand'`.execute(server);
  const makeDatabase = (by: string) => sql`create database ${sql.id(database)} owner ${sql.id(by)}`.execute(server);

  const urlOf = async (username: string, name: string, password = '') =>
    Object.assign(new URL(withDatabase(await postgresUrl(), name)), { username, password }).href;

  async function provisionAsOwner(): Promise<void> {
    const [superuserUrl, serviceUrl] = [await urlOf(owner, 'postgres'), await urlOf(role, database, 'of the URL')];
    await checkVersion(plan, { superuserUrl, serviceUrl });
    await provision(plan, superuserUrl, serviceUrl);
  }

  it('is brought up to date by its owner, as often as wanted, and its login gets its rights', async () => {
    await makeRole();
    await makeDatabase(owner);
    await provisionAsOwner();
    await provisionAsOwner();
    const db = connect<unknown>(await urlOf(role, database), 1);
    try {
      await sql`select * from shipments`.execute(db);
      await assert.rejects(sql`delete from movements`.execute(db), { code: '42501' });
      await assert.rejects(sql`create table mine ()`.execute(db), { code: '42501' });
    } finally {
      await db.destroy();
    }
  });

  it('is refused in one line, with what a superuser must run, if its login is missing', async () => {
    await makeDatabase(owner);
    await assert.rejects(
      provisionAsOwner(),
      new SettingError(
        `the login of DATABASE_URL may not create the role ${role}: let a superuser run: create role ${role} login password '…'`,
      ),
    );
  });

  it('is refused so if it is missing', async () => {
    await makeRole();
    await assert.rejects(
      provisionAsOwner(),
      new SettingError(
        `the login of DATABASE_URL may not create the database ${database}: let a superuser run: create database ${database} owner ${owner}`,
      ),
    );
  });

  it('is refused so if somebody else owns it', async () => {
    await makeRole();
    await makeDatabase('postgres');
    await assert.rejects(
      provisionAsOwner(),
      new SettingError(
        `the login of DATABASE_URL may not migrate the database ${database}: let a superuser run: alter database ${database} owner to ${owner}`,
      ),
    );
  });

  it('has a login whose statements are limited also through a pooler, where a superuser made it', async () => {
    await provision(plan, await postgresUrl(), await urlOf(role, database));
    const { rows } = await sql<{ limits: string[] }>`
      select rolconfig as limits from pg_roles where rolname = ${role}`.execute(server);
    assert.deepEqual(rows[0]!.limits.toSorted(), [
      'idle_in_transaction_session_timeout=30000',
      'statement_timeout=4000',
    ]);
  });
});
