import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { concurrently } from '../../stage/concurrently.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { Platform, sharedPlatform } from '../../stage/test-platform.ts';

describe('a start that cannot be', function () {
  this.timeout(180_000);
  const running = sharedPlatform();
  const test = concurrently(2);

  /** Ends with exit code 1, nothing left behind and one line on standard error, which comes back. */
  async function complaintAbout(settings: Record<string, string>, ...given: string[]): Promise<string> {
    const platform = new Platform({ command: [process.execPath, 'local/start.mjs', ...given], settings });
    const { code, stderr } = await platform.startInVain();
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^[^\n]+\n$/);
    return stderr.trim();
  }

  for (const setting of ['PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'CARRIER_PORT']) {
    test(`names ${setting} where its port is in use`, async () => {
      const port = running.setting(setting);
      const complaint = await complaintAbout({ [setting]: port });
      assert.match(complaint, new RegExp(`port ${port} is already in use: set ${setting} to a free one`));
    });
  }

  test('says that a platform runs on this data folder, and leaves that one alone', async () => {
    const folder = running.setting('DATA_DIR');
    const complaint = await complaintAbout({ DATA_DIR: folder });
    assert.match(complaint, /^already running on .* \(process \d+\): stop it, or set DATA_DIR$/);
    assert.match(await complaintAbout({ DATA_DIR: folder }, '--reset'), /^already running on /);
    assert.equal((await fetch(`${running.api}/readyz`)).status, 200);
  });

  test('touches nobody else’s files', async () => {
    const folder = path.join(scratchFolder(), randomUUID());
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'thesis.txt'), 'years of work');
    assert.match(await complaintAbout({ DATA_DIR: folder }), /holds files that are not ours: set DATA_DIR/);
    assert.match(await complaintAbout({ DATA_DIR: folder }, '--reset'), /holds files that are not ours/);
  });

  const BAD = [
    { setting: 'PORT', value: 'eighty' },
    { setting: 'METRICS_PORT', value: '70000' },
    { setting: 'ADMIN_PASSWORD', value: 'short' },
    { setting: 'CARRIER_PACE_SECONDS', value: '-1' },
    { setting: 'DATABASE_URL', value: 'mysql://127.0.0.1/orders' },
  ];
  for (const { setting, value } of BAD) {
    test(`names ${setting} where it is ${value}`, async () => {
      assert.match(await complaintAbout({ [setting]: value }), new RegExp(`^setting ${setting}: `));
    });
  }

  test('says how it is used where it does not know an argument', async () => {
    assert.match(await complaintAbout({}, '--rest'), /^unknown argument --rest; usage: npm start/);
  });
});
