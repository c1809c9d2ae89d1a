import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { storableText } from '../../../platform/database/storable-text.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('storable text', () => {
  let database: FreshDatabase<unknown>;
  before(async () => {
    database = await freshDatabase('user');
  });
  after(() => database.drop());

  const stored = async (text: string): Promise<{ text: string; json: string }> => {
    const { rows } = await sql<{ text: string; json: string }>`
      select ${text}::text as text, ${JSON.stringify(text)}::jsonb #>> '{}' as json`.execute(database.db);
    return rows[0]!;
  };

  it('replaces NUL and unpaired surrogates, which PostgreSQL does not accept', async () => {
    for (const [text, expected] of [
      ['a\0b', 'a\uFFFDb'],
      ['a\uD83D', 'a\uFFFD'],
      ['\uDE00b', '\uFFFDb'],
      ['😀'.slice(0, 1), '\uFFFD'],
    ] as const) {
      await assert.rejects(stored(text), JSON.stringify(text));
      assert.equal(storableText(text), expected);
      assert.deepEqual(await stored(storableText(text)), { text: expected, json: expected });
    }
  });

  it('leaves all other text as it is', async () => {
    for (const text of ['', 'plain', 'line\nbreak\ttab', '\u0001\u007F\uFFFF', 'für 😀 ①']) {
      assert.equal(storableText(text), text);
      assert.deepEqual(await stored(text), { text, json: text });
    }
  });
});
