import assert from 'node:assert/strict';
import { sql } from 'kysely';
import type { Logger } from '../../../platform/telemetry/logger.ts';
import { SettingError } from '../../../platform/config.ts';
import { openDatabase } from '../../../platform/database/check.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import type { ProductCache } from '../../../services/product/cache.ts';
import { followChanges } from '../../../services/product/changes.ts';
import { eventually } from '../../stage/eventually.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';
import { type PgBouncer, pgbouncerVersion, startPgBouncer } from '../../stage/pgbouncer.ts';

const TRANSACTIONS = { pool_mode: 'transaction', default_pool_size: '3' };
const IGNORED = { ignore_startup_parameters: 'statement_timeout,idle_in_transaction_session_timeout' };

const version = pgbouncerVersion();
if (version) {
  describe('PgBouncer', function () {
    this.timeout(60_000);
    tests(version);
  });
} else
  process.stderr.write(
    'PgBouncer is not on this machine, so nothing is tried with it (Debian: the package pgbouncer)\n',
  );

function tests([major, minor]: [number, number]): void {
  // From then on it gives each client its own prepared statements in transaction mode.
  const hasStatements = major > 1 || minor >= 21;
  let database: FreshDatabase<InventoryDatabase>;
  const poolers: PgBouncer[] = [];

  before(async () => {
    database = await freshDatabase<InventoryDatabase>('inventory');
  });
  afterEach(() => Promise.all(poolers.splice(0).map((pooler) => pooler.close())));
  after(() => database.drop());

  async function pooledUrl(settings: Record<string, string>): Promise<string> {
    const pooler = await startPgBouncer(database.url, settings);
    poolers.push(pooler);
    return pooler.through(database.url);
  }

  function recorder(): { logger: Logger; warnings: string[] } {
    const warnings: string[] = [];
    const logger = createLogger('test', 'emerg');
    logger.warn = ((message: string) => warnings.push(message)) as never;
    return { logger, warnings };
  }

  /** Statements with values, in and out of transactions, by more connections than the pooler has to the server. */
  async function work(url: string): Promise<string[]> {
    const { logger, warnings } = recorder();
    const db = await openDatabase<InventoryDatabase>(url, { setting: 'INVENTORY_DATABASE_URL', logger });
    try {
      const one = async (number: number): Promise<void> => {
        const sku = `sku-${number}`;
        await db.transaction().execute(async (transaction) => {
          await transaction.insertInto('stock').values({ sku, on_hand: number, reserved: 0 }).execute();
          await sql`select pg_advisory_xact_lock(${number % 3})`.execute(transaction);
        });
        const read = await db.selectFrom('stock').select('on_hand').where('sku', '=', sku).executeTakeFirstOrThrow();
        assert.equal(read.on_hand, number);
        await db.deleteFrom('stock').where('sku', '=', sku).execute();
      };
      await Promise.all(Array.from({ length: 200 }, (_, index) => one(index)));
      return warnings;
    } finally {
      await db.destroy();
    }
  }

  it('may pool connections for each transaction', async () => {
    const warnings = await work(await pooledUrl({ ...TRANSACTIONS, ...IGNORED, ...statements('100') }));
    assert.deepEqual(warnings.length, hasStatements ? 0 : 1);
  });

  it('may do so without prepared statements, which a line of the log says', async () => {
    for (const size of ['3', '1']) {
      const warnings = await work(
        await pooledUrl({ ...TRANSACTIONS, ...IGNORED, default_pool_size: size, ...statements('0') }),
      );
      assert.deepEqual(warnings, ['the connection pooler loses prepared statements: every statement is parsed anew']);
    }
  });

  it('may pool connections for each session', async () => {
    assert.deepEqual(await work(await pooledUrl({ pool_mode: 'session', default_pool_size: '20', ...IGNORED })), []);
  });

  it('must let pass, or ignore, the limits of statements: otherwise a process ends with one line', async () => {
    const url = await pooledUrl(TRANSACTIONS);
    const { logger } = recorder();
    await assert.rejects(openDatabase(url, { setting: 'INVENTORY_DATABASE_URL', logger }), (error) => {
      assert.ok(error instanceof SettingError);
      assert.match(
        error.message,
        /^setting INVENTORY_DATABASE_URL: the pooler refuses .*set its ignore_startup_parameters to statement_timeout, idle_in_transaction_session_timeout$/,
      );
      return true;
    });
  });

  it('passes on no notifications of product changes, so the cache stays off', async () => {
    const url = await pooledUrl({ ...TRANSACTIONS, ...IGNORED });
    const { logger, warnings } = recorder();
    const cache = { enable: () => assert.fail('enabled'), disable: () => undefined } as unknown as ProductCache;
    const following = followChanges({ url, cache, logger });
    await eventually(() => assert.deepEqual(warnings.length, 1));
    await following.close();
    assert.match(warnings[0]!, /no notifications of product changes through a connection pooler/);
  });

  /** Older versions have no such setting. */
  function statements(count: string): Record<string, string> {
    return hasStatements ? { max_prepared_statements: count } : {};
  }
}
