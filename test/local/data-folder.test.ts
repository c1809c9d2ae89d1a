import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../../platform/config.ts';
import { DATABASES } from '../../services/registry.ts';
import { folderComplaint, takeDataFolder } from '../../local/data-folder.ts';
import { keepSecrets, notePasswordShown } from '../../local/secrets.ts';
import { runs } from '../../local/server-process.ts';
import { eventually } from '../stage/eventually.ts';
import { scratchFolder } from '../stage/test-run.ts';

const newFolder = () => mkdtempSync(path.join(scratchFolder(), 'data-'));

const impostors: ChildProcess[] = [];

/** A process whose command line has `words` in it, until it is ended. */
async function impostor(words: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', words], { stdio: 'ignore' });
  impostors.push(child);
  // Until the system has put its words in place it passes for one that has ended.
  await eventually(() => assert.ok(runs(child.pid!, words)));
  return child;
}

const endOf = (child: ChildProcess) =>
  new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));

describe('the data folder of npm start', () => {
  afterEach(() => impostors.splice(0).forEach((child) => child.kill('SIGKILL')));

  it('is emptied by a reset, and stays ours', async () => {
    const folder = newFolder();
    const first = await takeDataFolder(folder, { reset: false });
    writeFileSync(path.join(folder, 'orders'), 'many');
    first.release();
    const second = await takeDataFolder(folder, { reset: true });
    assert.deepEqual(readdirSync(folder).toSorted(), ['.order-platform', 'migrations.json', 'running.json']);
    second.release();
  });

  for (const reset of [true, false]) {
    it(`is refused where it holds somebody else's files${reset ? ', and nothing is removed' : ''}`, async () => {
      const folder = newFolder();
      writeFileSync(path.join(folder, 'thesis.txt'), 'ten years');
      await assert.rejects(
        takeDataFolder(folder, { reset }),
        new SettingError(`${folder} holds files that are not ours: set DATA_DIR to an empty or a new folder`),
      );
      assert.deepEqual(readdirSync(folder), ['thesis.txt']);
    });
  }

  it('is refused while a platform runs on it', async () => {
    const folder = newFolder();
    const held = await takeDataFolder(folder, { reset: false });
    const other = await impostor('local/start.mjs');
    writeFileSync(path.join(folder, 'running.json'), JSON.stringify({ supervisor: other.pid, children: {} }));
    await assert.rejects(takeDataFolder(folder, { reset: true }), {
      message: `already running on ${folder} (process ${other.pid}): stop it, or set DATA_DIR`,
    });
    const ended = endOf(other);
    other.kill();
    await ended;
    held.release();
  });

  it('is taken over from a supervisor that was killed, and what it left running is ended', async () => {
    const folder = newFolder();
    const [killed, child, stranger] = [
      await impostor('local/start.mjs'),
      await impostor('services/main.ts'),
      await impostor('x'),
    ];
    const gone = endOf(killed);
    killed.kill('SIGKILL');
    await gone;
    (await takeDataFolder(folder, { reset: false })).release();
    const children = { services: child.pid, reused: stranger.pid };
    writeFileSync(path.join(folder, 'running.json'), JSON.stringify({ supervisor: killed.pid, children }));
    const [childEnded, strangerEnded] = [endOf(child), endOf(stranger)];
    const held = await takeDataFolder(folder, { reset: false });
    assert.equal(await childEnded, 'SIGTERM');
    assert.equal(stranger.exitCode ?? stranger.signalCode, null, 'a number that is somebody else by now was signalled');
    held.release();
    stranger.kill();
    await strangerEnded;
  });

  it('is complained of in one line where it cannot be made', async () => {
    const folder = newFolder();
    writeFileSync(path.join(folder, 'file'), '');
    const inside = path.join(folder, 'file', 'data');
    const error: unknown = await takeDataFolder(inside, { reset: false }).catch((cause: unknown) => cause);
    assert.equal(
      folderComplaint(error, inside),
      `${inside} cannot be used (ENOTDIR): set DATA_DIR to a folder that can be written`,
    );
  });

  it('is complained of in one line where the disk is full', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    assert.equal(folderComplaint(full, '/data'), 'the disk of /data is full: free some of it, or set DATA_DIR');
    assert.equal(folderComplaint(new Error('another thing'), '/data'), undefined);
  });
});

describe('the secrets of npm start', () => {
  it('are made once, and only their owner may read them', async () => {
    const folder = path.join(newFolder(), 'data');
    mkdirSync(folder);
    const secrets = await keepSecrets(folder);
    assert.equal(statSync(path.join(folder, 'secrets.json')).mode & 0o777, 0o600);
    assert.deepEqual(await keepSecrets(folder), secrets);
    assert.deepEqual(Object.keys(secrets.databasePasswords), Object.keys(DATABASES));
    assert.equal(new Set(Object.values(secrets.databasePasswords)).size, Object.keys(DATABASES).length);
  });

  it('are completed where a release brings a service that the folder has not met, and keep the others', async () => {
    const folder = newFolder();
    const { databasePasswords, ...secrets } = await keepSecrets(folder);
    const { cart, ...earlier } = databasePasswords;
    writeFileSync(path.join(folder, 'secrets.json'), JSON.stringify({ ...secrets, databasePasswords: earlier }));
    const completed = await keepSecrets(folder);
    assert.notEqual(completed.databasePasswords.cart, cart);
    assert.deepEqual(completed, {
      ...secrets,
      databasePasswords: { ...earlier, cart: completed.databasePasswords.cart },
    });
    assert.deepEqual(await keepSecrets(folder), completed);
  });

  it('know whether the admin has been shown the password', async () => {
    const folder = newFolder();
    const secrets = await keepSecrets(folder);
    assert.equal(secrets.adminPasswordShown, false);
    notePasswordShown(folder, secrets);
    assert.equal((await keepSecrets(folder)).adminPasswordShown, true);
    assert.equal(statSync(path.join(folder, 'secrets.json')).mode & 0o777, 0o600);
    assert.ok(!existsSync(path.join(folder, 'secrets.json.new')));
  });
});
