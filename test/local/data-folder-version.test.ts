import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { takeDataFolder } from '../../local/data-folder.ts';
import { SettingError } from '../../platform/config.ts';
import { DATABASES } from '../../services/registry.ts';
import { snapshot } from '../stage/folder-snapshot.ts';
import { scratchFolder } from '../stage/test-run.ts';

describe('a data folder that another version of the platform made', () => {
  const OTHERS: { how: string; make: (migrationsFile: string) => void; reason: string }[] = [
    {
      how: 'a migration is unknown',
      make: (file) => {
        const migrations = JSON.parse(readFileSync(file, 'utf8')) as { cart: string[] };
        writeFileSync(file, JSON.stringify({ ...migrations, cart: [...migrations.cart, '999_later'] }));
      },
      reason: 'migration 999_later of cart is unknown here',
    },
    {
      how: 'a database is unknown',
      make: (file) => writeFileSync(file, JSON.stringify({ loyalty: ['001_create_loyalty'] })),
      reason: 'migration 001_create_loyalty of loyalty is unknown here',
    },
    {
      how: 'it has state and does not record its migrations',
      make: (file) => rmSync(file),
      reason: 'it has no migrations.json',
    },
  ];

  /** The folder of a platform that has run, changed by `make`. */
  async function folderOf(make: (migrationsFile: string) => void): Promise<string> {
    const folder = mkdtempSync(path.join(scratchFolder(), 'data-'));
    (await takeDataFolder(folder, { reset: false })).release();
    writeFileSync(path.join(folder, 'secrets.json'), '{}');
    make(path.join(folder, 'migrations.json'));
    return folder;
  }

  for (const { how, make, reason } of OTHERS) {
    it(`is refused and left as it was where ${how}`, async () => {
      const folder = await folderOf(make);
      const before = snapshot(folder);
      await assert.rejects(
        takeDataFolder(folder, { reset: false }),
        new SettingError(
          `data folder ${folder} was made by another version of the platform (${reason}): ` +
            'start that version, or set DATA_DIR to another folder (npm start -- --reset forgets this one)',
        ),
      );
      assert.deepEqual(snapshot(folder), before);
    });
  }

  it('is emptied by a reset, and this version’s from then on', async () => {
    const folder = await folderOf((file) => rmSync(file));
    (await takeDataFolder(folder, { reset: true })).release();
    (await takeDataFolder(folder, { reset: false })).release();
    assert.ok(!existsSync(path.join(folder, 'secrets.json')));
  });

  it('is taken where this version knows all its migrations, and then records those of this version', async () => {
    const folder = await folderOf((file) =>
      writeFileSync(file, JSON.stringify({ cart: ['001_create_cart'], user: [] })),
    );
    (await takeDataFolder(folder, { reset: false })).release();
    const recorded = JSON.parse(readFileSync(path.join(folder, 'migrations.json'), 'utf8')) as object;
    assert.deepEqual(Object.keys(recorded), Object.keys(DATABASES));
  });
});
