import assert from 'node:assert/strict';
import { type Kysely, sql } from 'kysely';
import { explained } from '../../../bench/studies/plans.ts';
import { connect } from '../../../platform/database/connection.ts';
import { createProductCache } from '../../../services/product/cache.ts';
import type { ProductDatabase } from '../../../services/product/database.ts';
import { createProductRequests } from '../../../services/product/requests.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

// Enough for the planner to avoid reading the whole table, few enough to be written in seconds.
const PRODUCTS = 10_000;

describe('product service: plans over many products', function () {
  this.timeout(120_000);
  let database: FreshDatabase<ProductDatabase>;

  before(async () => {
    database = await freshDatabase<ProductDatabase>('product');
    const owner = connect<unknown>(database.ownerUrl, 1, 0);
    // Six of 4,096 words each, which is how varied names are; one product has a word of its own.
    await sql`
      insert into products (sku, name, description, price_minor, currency, created_at)
      select 'P-' || number, 'Candle ' || words || ' हिन्दी' || number || ' 東京' || chr(20000 + number),
             case number when 77 then 'zebra' else '' end, 1, 'GBP',
             timestamptz '2026-01-01' + make_interval(secs => number)
        from generate_series(1, ${PRODUCTS}::integer) as number
       cross join lateral (
         select string_agg('x' || left(md5(number || '-' || place), 3), ' ') as words from generate_series(1, 6) as place
       ) as name`.execute(owner);
    await sql`vacuum analyze products`.execute(owner);
    await owner.destroy();
  });
  after(() => database.drop());

  const LIMIT = 20;
  const lists: Record<string, { query?: string; found: number }> = {
    all: { found: LIMIT },
    'that have a rare word': { query: 'zebra', found: 1 },
    'that have two words': { query: 'candle zebra', found: 1 },
    'that have a rare beginning': { query: 'हिन्दी991', found: 11 },
    'that have a word of a script without spaces': { query: `京${String.fromCodePoint(20_077)}`, found: 1 },
    'that have a word that all have': { query: 'candle', found: LIMIT },
    'that are none': { query: 'lantern', found: 0 },
  };
  for (const [which, { query, found }] of Object.entries(lists)) {
    it(`lists products ${which} without reading all`, async () => {
      const list = (db: Kysely<ProductDatabase>) =>
        createProductRequests(db, createProductCache()).listProducts({ query, limit: LIMIT });
      assert.equal((await list(database.db)).items.length, found);
      const [{ nodes, plan } = assert.fail('no query')] = await explained(database.db, list);
      const explanation = JSON.stringify(plan, undefined, 1);
      assert.ok(!nodes.some((node) => node['Node Type'] === 'Seq Scan'), explanation);
      const blocks = (plan['Shared Hit Blocks'] ?? 0) + (plan['Shared Read Blocks'] ?? 0);
      assert.ok(blocks <= 150, `${blocks} blocks for ${explanation}`);
    });
  }
});
