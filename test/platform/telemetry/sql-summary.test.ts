import assert from 'node:assert/strict';
import { summarizeSql } from '../../../platform/telemetry/sql-summary.ts';

const SUMMARIES: Readonly<Record<string, string>> = {
  'select * from "orders" where "id" = $1': 'SELECT orders',
  'select "a" from "carts" left join "public"."cart_lines" on true for update': 'SELECT carts public.cart_lines',
  'insert into "lines" ("a", "b") values ($1, $2) on conflict ("a") do update set "b" = 1': 'INSERT lines',
  'insert into kept select * from only old': 'INSERT kept SELECT old',
  'update "mails" set "state" = $1 where "id" = (select "id" from "mails" limit 1 for no key update skip locked)':
    'UPDATE mails SELECT mails',
  'delete from "carts" using "users" where true': 'DELETE carts',
  'with moved as materialized (update stock set a = 1 returning *) insert into movements select * from moved':
    'UPDATE stock INSERT movements',
  'with given as (select unnest($1::text[]) as sku) update stock set a = 1 from given': 'UPDATE stock',
  'select \'from fake\' as "from" from a -- join b\n where b is distinct from c /* join d */': 'SELECT a',
  'select extract(epoch from blocked_until - now()) from sign_in_attempts': 'SELECT sign_in_attempts',
  'select * from unnest($1::text[]) as given': 'SELECT',
  'select x from (select a from orders union all select b from returns) as every': 'SELECT orders SELECT returns',
  begin: 'BEGIN',
  ' commit;': 'COMMIT',
  '': 'SQL',
};

describe('the summary of a SQL statement', () => {
  for (const [text, summary] of Object.entries(SUMMARIES)) {
    it(`is ${summary} for: ${text}`, () => assert.equal(summarizeSql(text).summary, summary));
  }

  it('names the operation, and the table if it is the only one', () => {
    const [one, two] = ['update stock set a = 1', 'insert into kept select * from old'].map(summarizeSql);
    assert.deepEqual([one!.operation, one!.collection], ['UPDATE', 'stock']);
    assert.deepEqual([two!.operation, two!.collection], ['INSERT', undefined]);
  });

  it('is at most 255 characters long, and takes no time for a long statement', () => {
    const tables = Array.from({ length: 100 }, (_, index) => `join table_${index} on true`).join(' ');
    assert.equal(summarizeSql(`select * from first_table ${tables}`).summary.length, 255);
    assert.equal(summarizeSql(`insert into lines values ${'($1, $2), '.repeat(100_000)}`).summary, 'INSERT lines');
  });
});
