import assert from 'node:assert/strict';
import { type Kysely, sql } from 'kysely';
import { SettingError } from '../../../platform/config.ts';
import { connect } from '../../../platform/database/connection.ts';
import { migrate, refuseOtherVersion } from '../../../platform/database/migrate.ts';
import { checkVersion, withDatabase } from '../../../platform/database/provision.ts';
import { DATABASES } from '../../../services/registry.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('a database that another version of the platform has migrated', function () {
  this.timeout(120_000);
  const { migrations } = DATABASES.cart;
  let database: FreshDatabase<unknown>;
  let owner: Kysely<unknown>;
  let name: string;

  before(async () => {
    database = await freshDatabase('cart');
    owner = connect(database.ownerUrl, 1);
    name = new URL(database.url).pathname.slice(1);
  });
  beforeEach(() => sql`insert into kysely_migration values ('003_later', '2100-01-01T00:00:00.000Z')`.execute(owner));
  afterEach(() => sql`delete from kysely_migration where name = '003_later'`.execute(owner));
  after(async () => {
    await owner.destroy();
    await database.drop();
  });

  const complaint = (instead: string) =>
    new SettingError(
      `database ${name} was made by another version of the platform (migration 003_later is unknown here): start that version, or ${instead}`,
    );

  it('is not migrated', async () => {
    await assert.rejects(migrate(owner, migrations), complaint('set DATABASE_URL to another server'));
  });

  it('is refused before anything is changed, with a way out that fits', async () => {
    const urls = { superuserUrl: database.ownerUrl, serviceUrl: database.url };
    await assert.rejects(checkVersion(DATABASES.cart, urls), complaint('set DATABASE_URL to another server'));
    await assert.rejects(checkVersion(DATABASES.cart, { ...urls, instead: 'ask Ann' }), complaint('ask Ann'));
  });

  it('is accepted by that version, and a database without migrations by every version', async () => {
    await sql`delete from kysely_migration where name = '003_later'`.execute(owner);
    await refuseOtherVersion(owner, migrations);
    await sql`alter table kysely_migration rename to renamed`.execute(owner);
    await refuseOtherVersion(owner, migrations);
    await sql`alter table renamed rename to kysely_migration`.execute(owner);
  });

  it('is not confused with one that does not exist', async () => {
    const missing = withDatabase(database.url, `${name}_missing`);
    await checkVersion(DATABASES.cart, { superuserUrl: database.ownerUrl, serviceUrl: missing });
    const [noServer, ownerUrl] = [new URL(missing), new URL(database.ownerUrl)];
    ownerUrl.port = '1';
    await assert.rejects(checkVersion(DATABASES.cart, { superuserUrl: ownerUrl.href, serviceUrl: noServer.href }), {
      code: 'ECONNREFUSED',
    });
  });
});
