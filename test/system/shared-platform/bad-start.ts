import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'kysely';
import { startPostgres } from '../../../local/postgres.ts';
import { connect } from '../../../platform/database/connection.ts';
import { withDatabase } from '../../../platform/database/provision.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { snapshot } from '../../stage/folder-snapshot.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { Platform, sharedPlatform } from '../../stage/test-platform.ts';

describe('a failing start', function () {
  this.timeout(180_000);
  const running = sharedPlatform();
  const test = concurrently(2);

  /** The start ends with exit code 1, no process left behind, and one line on standard error, which is returned. */
  async function complaintAbout(settings: Record<string, string>, ...args: string[]): Promise<string> {
    const { code, complaint } = await refusedStart(settings, ...args);
    assert.equal(code, 1, complaint);
    return complaint;
  }

  async function refusedStart(settings: Record<string, string>, ...args: string[]) {
    const platform = new Platform({ command: [process.execPath, 'local/start.mjs', ...args], settings });
    const { code, stderr } = await platform.runUntilExit();
    assert.match(stderr, /^[^\n]+\n$/);
    return { code, complaint: stderr.trim() };
  }

  for (const setting of ['PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'CARRIER_PORT']) {
    test(`names ${setting} if its port is in use`, async () => {
      const port = running.setting(setting);
      const complaint = await complaintAbout({ [setting]: port });
      assert.match(complaint, new RegExp(`port ${port} is already in use: set ${setting} to a free port`));
    });
  }

  test('says that a platform already uses this data folder, and does not disturb it', async () => {
    const folder = running.setting('DATA_DIR');
    const complaint = await complaintAbout({ DATA_DIR: folder });
    assert.match(complaint, /^a platform is already running on .* \(process \d+\): stop it, or set DATA_DIR$/);
    assert.match(await complaintAbout({ DATA_DIR: folder }, '--reset'), /^a platform is already running on /);
    assert.equal((await fetch(`${running.api}/readyz`)).status, 200);
  });

  test('does not touch files of other programs', async () => {
    const folder = path.join(scratchFolder(), randomUUID());
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'thesis.txt'), 'years of work');
    assert.match(await complaintAbout({ DATA_DIR: folder }), /contains files of another program: set DATA_DIR/);
    assert.match(await complaintAbout({ DATA_DIR: folder }, '--reset'), /contains files of another program/);
  });

  test('leaves a data folder of another version as it was', async () => {
    const folder = path.join(scratchFolder(), randomUUID());
    mkdirSync(folder);
    writeFileSync(path.join(folder, '.order-platform'), '');
    writeFileSync(path.join(folder, 'migrations.json'), JSON.stringify({ order: ['001_create_order', '999_later'] }));
    const before = snapshot(folder);
    assert.equal(
      await complaintAbout({ DATA_DIR: folder }),
      `data folder ${folder} was made by another version of the platform (migration 999_later of order is unknown here): ` +
        'start that version, or set DATA_DIR to another folder (npm start -- --reset forgets this one)',
    );
    assert.deepEqual(snapshot(folder), before);
  });

  test('leaves the databases of another version as they were', async () => {
    const postgres = await startPostgres({ folder: path.join(scratchFolder(), randomUUID()), port: 0 });
    const order = connect<unknown>(withDatabase(postgres.url, 'order_platform_order'), 1);
    try {
      const server = connect<unknown>(postgres.url, 1);
      await sql`create database order_platform_order`.execute(server);
      await sql`create table kysely_migration as select '999_later' as name`.execute(order);
      assert.equal(
        await complaintAbout({ DATABASE_URL: postgres.url }),
        'database order_platform_order was made by another version of the platform (migration 999_later is unknown here): ' +
          'start that version, or set DATABASE_URL to another server',
      );
      const { rows } = await sql`select datname as name from pg_database where datname like 'order%'`.execute(server);
      assert.deepEqual(rows, [{ name: 'order_platform_order' }]);
      await server.destroy();
    } finally {
      await order.destroy();
      await postgres.close();
    }
  });

  const BAD = [
    { setting: 'PORT', value: 'eighty' },
    { setting: 'METRICS_PORT', value: '70000' },
    { setting: 'ADMIN_PASSWORD', value: 'short' },
    { setting: 'CARRIER_PACE_SECONDS', value: '-1' },
    { setting: 'DATABASE_URL', value: 'mysql://127.0.0.1/orders' },
  ];
  for (const { setting, value } of BAD) {
    test(`names ${setting} if it is ${value}`, async () => {
      assert.match(await complaintAbout({ [setting]: value }), new RegExp(`^setting ${setting}: `));
    });
  }

  test('prints its usage if an argument is unknown', async () => {
    const { code, complaint } = await refusedStart({}, '--rest');
    assert.match(complaint, /^unknown argument --rest; usage: npm start/);
    assert.equal(code, 2);
  });
});
