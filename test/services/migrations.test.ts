import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import { DATABASES } from '../../services/registry.ts';

const root = path.join(import.meta.dirname, '../..');

// One line per migration that has landed, in the format of `sha256sum`. A migration lands with its line; neither
// changes again.
const CHECKSUMS = 'test/services/migrations.sha256';

const landed = readFileSync(path.join(root, CHECKSUMS), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split('  ') as [checksum: string, file: string]);

const folders = Object.values(DATABASES).map(({ migrations }) => path.relative(root, migrations));
const files = folders.flatMap((folder) => readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

const IMPORT = /\b(?:from|import|require)\s*\(?\s*(?<quote>['"`])(?<specifier>[^'"`]+)\k<quote>/g;

const BEFORE_THIS_RULE = 'services/order/migrations/004_hand_over.ts';

/** What a migration asks of a database without rows. */
async function statementsOf(file: string): Promise<string[]> {
  const { up } = (await import(pathToFileURL(path.join(root, file)).href)) as {
    up: (db: Kysely<unknown>) => Promise<void>;
  };
  const statements: string[] = [];
  const db = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (asked) => new PostgresIntrospector(asked),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    log: ({ query }) => void statements.push(query.sql.trim().replace(/\s+/g, ' ')),
  });
  await up(db);
  return statements;
}

describe('migrations', () => {
  it('never change once they have landed', () => {
    for (const [checksum, file] of landed) {
      assert.ok(existsSync(path.join(root, file)), `${file} is gone: a landed migration never changes`);
      assert.equal(
        hash('sha256', read(file)),
        checksum,
        `${file} has changed: a landed migration never changes: add a new one`,
      );
    }
  });

  it('are all listed with their checksums', () => {
    for (const file of files) {
      const listed = landed.some(([, name]) => name === file);
      assert.ok(listed, `${file} is new: add this line to ${CHECKSUMS}:\n${hash('sha256', read(file))}  ${file}`);
    }
  });

  it('import only kysely, so that no later change of other code changes what they do', () => {
    for (const file of files) {
      const specifiers = [...read(file).matchAll(IMPORT)].map(({ groups }) => groups!.specifier);
      assert.deepEqual(specifiers, ['kysely'], `${file} imports more than kysely`);
    }
  });

  // A reference locks the other table against writes, and a change of it then wants it alone. A transaction that has read rows of
  // it for update, and is about to write, would wait for this one, and this one for it: a deadlock.
  it('change a table before a new one refers to it', async () => {
    for (const file of files.filter((name) => name !== BEFORE_THIS_RULE)) {
      const statements = await statementsOf(file);
      const changes = (table: string) => statements.findIndex((text) => text.startsWith(`alter table ${table} `));
      for (const [index, text] of statements.entries()) {
        if (!text.startsWith('create table')) continue;
        for (const { groups } of text.matchAll(/ references (?<table>\w+)/g)) {
          const change = changes(groups!.table!);
          assert.ok(change <= index, `${file} changes ${groups!.table} after a new table refers to it`);
        }
      }
    }
  });

  for (const folder of folders) {
    it(`are numbered from 001, each number once and none left out: ${folder}`, () => {
      const names = readdirSync(path.join(root, folder)).toSorted();
      for (const name of names) assert.match(name, /^\d{3}_[a-z0-9]+(_[a-z0-9]+)*\.ts$/);
      const numbers = names.map((name) => Number(name.slice(0, 3)));
      assert.deepEqual(
        numbers,
        names.map((_, index) => index + 1),
        `${folder} has ${names.join(', ')}`,
      );
    });
  }
});
