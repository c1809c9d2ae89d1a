import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { type Kysely, sql } from 'kysely';
import { connect } from '../../../platform/database/connection.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('prepared statements', () => {
  let database: FreshDatabase<InventoryDatabase>;
  let db: Kysely<InventoryDatabase>;

  before(async function () {
    this.timeout(120_000);
    database = await freshDatabase<InventoryDatabase>('inventory');
    // One connection, so that all statements are prepared on it.
    db = connect<InventoryDatabase>(database.url, 1);
  });
  after(async () => {
    await db.destroy();
    await database.drop();
  });

  const stockOf = (sku: string) => db.selectFrom('stock').selectAll().where('sku', '=', sku).executeTakeFirst();
  const prepared = async () => {
    const { rows } = await sql<{ statement: string }>`select statement from pg_prepared_statements`.execute(db);
    return rows.map(({ statement }) => statement);
  };

  it('are parsed once, however often they run', async () => {
    await stockOf('one');
    await stockOf('another');
    const statements = await prepared();
    assert.equal(statements.filter((statement) => statement.includes('from "stock"')).length, 1);
  });

  it('are kept only up to a limit when their texts keep changing', async () => {
    for (let length = 1; length <= 300; length++) {
      const skus = Array.from({ length }, (_, index) => `sku ${index}`);
      assert.deepEqual(await db.selectFrom('stock').select('sku').where('sku', 'in', skus).execute(), []);
    }
    assert.ok((await prepared()).length <= 200);
  });

  it('fail once after a column is added, then work again', async () => {
    await stockOf('some');
    const owner: Kysely<unknown> = connect(database.ownerUrl, 1);
    await sql`alter table stock add column shelf text not null default 'A1'`.execute(owner);
    await owner.destroy();
    await assert.rejects(stockOf('some'), { code: '0A000' });
    await db.insertInto('stock').values({ sku: 'some', on_hand: 1, reserved: 0 }).execute();
    assert.partialDeepStrictEqual(await stockOf('some'), { sku: 'some', on_hand: 1, shelf: 'A1' });
  });

  it('fail when the server stops responding, and leave no dead connection in the pool', async () => {
    // A proxy that forwards everything until `silent` is set, and then drops all data.
    const { hostname, port } = new URL(database.url);
    let silent = false;
    const proxy = createServer((client) => {
      const server = createConnection({ host: hostname, port: Number(port) });
      client.on('data', (chunk) => silent || server.write(chunk));
      server.on('data', (chunk) => silent || client.write(chunk));
      for (const end of [client, server]) end.on('error', () => undefined);
      client.on('close', () => server.destroy());
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const url = new URL(database.url);
    url.port = String((proxy.address() as AddressInfo).port);
    // Long enough for a busy machine to plan its first statement, short enough for a quick test.
    const viaProxy = connect<InventoryDatabase>(url.href, 1, 1_000);
    const read = () => viaProxy.selectFrom('stock').select('sku').where('sku', '=', 'far').execute();
    assert.deepEqual(await read(), []);
    silent = true;
    await assert.rejects(read());
    silent = false;
    assert.deepEqual(await read(), []);
    await viaProxy.destroy();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
