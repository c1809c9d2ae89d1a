import assert from 'node:assert/strict';
import { type Kysely, sql } from 'kysely';
import { REGISTRY, SERVICES, type ServiceName } from '../../services/registry.ts';
import { freshDatabase } from '../stage/fresh-database.ts';

/** Tables that code in platform/ reads and writes. Each service's migrations create them on their own. */
const TABLES = ['effects', 'inbox', 'inbox_cursors', 'outbox'] as const;
type Table = (typeof TABLES)[number];

interface Description {
  columns: string[];
  constraints: string[];
  indexes: string[];
}

describe('the tables of the platform', function () {
  this.timeout(120_000);
  const found = new Map<ServiceName, Map<string, Description>>();

  before(async () => {
    for (const service of SERVICES) {
      const database = await freshDatabase<unknown>(service);
      found.set(service, await describeTables(database.db));
      await database.drop();
    }
  });

  for (const table of TABLES) {
    it(`are alike in every database: ${table}`, () => {
      const descriptions = [...found].flatMap(([service, tables]) => {
        const description = tables.get(table);
        return description ? [{ service, description }] : [];
      });
      const [first, ...others] = descriptions;
      assert.ok(first && others.length > 0);
      for (const { service, description } of others) {
        assert.deepEqual(description, first.description, `${service} differs from ${first.service}`);
      }
    });
  }

  for (const service of SERVICES) {
    it(`are those that the registry says ${service} needs`, () => {
      const { publishes, subscribesTo } = REGISTRY[service];
      const has = (table: Table) => found.get(service)!.has(table);
      assert.equal(has('outbox'), publishes);
      assert.equal(has('inbox'), subscribesTo.length > 0);
      assert.equal(has('inbox_cursors'), has('inbox'));
    });
  }
});

async function describeTables(db: Kysely<unknown>): Promise<Map<string, Description>> {
  const { rows } = await sql<Description & { name: string }>`
    select relname as name,
           array(select format('%s %s %s %s', attname, format_type(atttypid, atttypmod), attidentity,
                               pg_get_expr(adbin, adrelid))
                   from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
                  where attrelid = pg_class.oid and attnum > 0 and not attisdropped order by attname) as columns,
           array(select conname || ' ' || pg_get_constraintdef(pg_constraint.oid)
                   from pg_constraint where conrelid = pg_class.oid order by 1) as constraints,
           array(select pg_get_indexdef(indexrelid) from pg_index where indrelid = pg_class.oid order by 1) as indexes
      from pg_class where relname in (${sql.join(TABLES)}) and relkind = 'r'`.execute(db);
  return new Map(rows.map(({ name, ...description }) => [name, description]));
}
