import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
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
