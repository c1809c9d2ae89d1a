import assert from 'node:assert/strict';
import { promises as fs } from 'node:fs';
import path from 'node:path';
import { type Kysely, sql } from 'kysely';
import { FileMigrationProvider, Migrator } from 'kysely/migration';
import { Product } from '../../../activities/product.ts';
import { connect } from '../../../platform/database/connection.ts';
import { bringUpToDate } from '../../../platform/database/provision.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import { DATABASES } from '../../../services/registry.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('products of an earlier version', () => {
  let database: FreshDatabase<ProductDatabase>;
  let owner: Kysely<unknown>;

  before(async () => {
    database = await freshDatabase<ProductDatabase>('product');
    owner = connect(database.ownerUrl, 1);
    await sql`drop schema public cascade`.execute(owner);
    await sql`create schema public`.execute(owner);
    const migrator = new Migrator({
      db: owner,
      provider: new FileMigrationProvider({
        fs,
        path,
        migrationFolder: DATABASES.product.migrations,
        import: (file) => import(file),
      }),
    });
    const { error } = await migrator.migrateTo('001_create_product');
    assert.equal(error, undefined);
    await sql`
      insert into products (sku, name, description, price_minor, currency)
      values ('old-1', 'हिन्दी किताब', 'Café', 100, 'DEM'), ('old-2', 'Lanterns', '', 100, 'GBP')`.execute(owner);
    const role = decodeURIComponent(new URL(database.url).username);
    await bringUpToDate(DATABASES.product, database.ownerUrl, role);
  });
  after(async () => {
    await owner.destroy();
    await database.drop();
  });

  const requests = () => createProductRequests(database.db, createProductCache());
  const find = async (query: string) =>
    (await requests().listProducts({ query, limit: 10 })).items.map(({ sku }) => sku);

  it('are found in every script, as new ones are', async () => {
    assert.deepEqual(await find('हिन्दी'), ['old-1']);
    assert.deepEqual(await find('cafe'), ['old-1']);
    assert.deepEqual(await find('lantern'), ['old-2']);
  });

  it('are all sold', async () => {
    const { items } = await requests().listProducts({ limit: 10 });
    assert.deepEqual(
      items.map(({ sku, sold }) => [sku, sold]),
      [
        ['old-2', true],
        ['old-1', true],
      ],
    );
  });

  it('are read, also with a currency that no new price may have', async () => {
    const product = await requests().getProduct({ sku: 'old-1' });
    assert.deepEqual(Product.parse(product).price, { amountMinor: 100, currency: 'DEM' });
  });
});
