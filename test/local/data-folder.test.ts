import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../../platform/config.ts';
import { DATABASES } from '../../services/registry.ts';
import { explainFolderError, takeDataFolder } from '../../local/data-folder.ts';
import { loadSecrets, recordPasswordShown } from '../../local/secrets.ts';
import { isRunning } from '../../local/server-process.ts';
import { eventually } from '../stage/eventually.ts';
import { scratchFolder } from '../stage/test-run.ts';

const newFolder = () => mkdtempSync(path.join(scratchFolder(), 'data-'));

const processes: ChildProcess[] = [];

/** Starts a process whose command line contains `command`. */
async function startProcess(command: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', command], { stdio: 'ignore' });
  processes.push(child);
  // Until its command line is visible, it looks like an ended process.
  await eventually(() => assert.ok(isRunning(child.pid!, command)));
  return child;
}

const endOf = (child: ChildProcess) =>
  new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, signal) => resolve(signal)));

describe('the data folder of npm start', () => {
  afterEach(() => processes.splice(0).forEach((child) => child.kill('SIGKILL')));

  it('is emptied by a reset, and keeps its marker', async () => {
    const folder = newFolder();
    const first = await takeDataFolder(folder, { reset: false });
    writeFileSync(path.join(folder, 'orders'), 'many');
    first.release();
    const second = await takeDataFolder(folder, { reset: true });
    assert.deepEqual(readdirSync(folder).toSorted(), ['.order-platform', 'migrations.json', 'running.json']);
    second.release();
  });

  for (const reset of [true, false]) {
    it(`is refused if it contains other files${reset ? ', and nothing is removed' : ''}`, async () => {
      const folder = newFolder();
      writeFileSync(path.join(folder, 'thesis.txt'), 'ten years');
      await assert.rejects(
        takeDataFolder(folder, { reset }),
        new SettingError(`${folder} contains files of another program: set DATA_DIR to an empty or new folder`),
      );
      assert.deepEqual(readdirSync(folder), ['thesis.txt']);
    });
  }

  it('is refused while another platform uses it', async () => {
    const folder = newFolder();
    const held = await takeDataFolder(folder, { reset: false });
    const other = await startProcess('local/start.mjs');
    writeFileSync(path.join(folder, 'running.json'), JSON.stringify({ supervisor: other.pid, children: {} }));
    await assert.rejects(takeDataFolder(folder, { reset: true }), {
      message: `a platform is already running on ${folder} (process ${other.pid}): stop it, or set DATA_DIR`,
    });
    const ended = endOf(other);
    other.kill();
    await ended;
    held.release();
  });

  it('is taken over from a killed supervisor, whose processes are ended', async () => {
    const folder = newFolder();
    const [killed, child, stranger] = [
      await startProcess('local/start.mjs'),
      await startProcess('services/main.ts'),
      await startProcess('x'),
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
    assert.equal(
      stranger.exitCode ?? stranger.signalCode,
      null,
      'another program that got the recorded process id was signalled',
    );
    held.release();
    stranger.kill();
    await strangerEnded;
  });

  it('is explained in one line if it cannot be created', async () => {
    const folder = newFolder();
    writeFileSync(path.join(folder, 'file'), '');
    const inside = path.join(folder, 'file', 'data');
    const error: unknown = await takeDataFolder(inside, { reset: false }).catch((cause: unknown) => cause);
    assert.equal(
      explainFolderError(error, inside),
      `cannot use ${inside} (ENOTDIR): set DATA_DIR to a writable folder`,
    );
  });

  it('is explained in one line if the disk is full', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    assert.equal(
      explainFolderError(full, '/data'),
      'the disk of /data is full: free some space, or set DATA_DIR to a folder on another disk',
    );
    assert.equal(explainFolderError(new Error('another thing'), '/data'), undefined);
  });
});

describe('the secrets of npm start', () => {
  it('are generated once, and only their owner may read them', async () => {
    const folder = path.join(newFolder(), 'data');
    mkdirSync(folder);
    const secrets = await loadSecrets(folder);
    assert.equal(statSync(path.join(folder, 'secrets.json')).mode & 0o777, 0o600);
    assert.deepEqual(await loadSecrets(folder), secrets);
    assert.deepEqual(Object.keys(secrets.databasePasswords), Object.keys(DATABASES));
    assert.equal(new Set(Object.values(secrets.databasePasswords)).size, Object.keys(DATABASES).length);
  });

  it('are completed when a release adds a service, and the others stay the same', async () => {
    const folder = newFolder();
    const { databasePasswords, ...secrets } = await loadSecrets(folder);
    const { cart, ...earlier } = databasePasswords;
    writeFileSync(path.join(folder, 'secrets.json'), JSON.stringify({ ...secrets, databasePasswords: earlier }));
    const completed = await loadSecrets(folder);
    assert.notEqual(completed.databasePasswords.cart, cart);
    assert.deepEqual(completed, {
      ...secrets,
      databasePasswords: { ...earlier, cart: completed.databasePasswords.cart },
    });
    assert.deepEqual(await loadSecrets(folder), completed);
  });

  it('record whether the admin password was printed', async () => {
    const folder = newFolder();
    const secrets = await loadSecrets(folder);
    assert.equal(secrets.adminPasswordShown, false);
    recordPasswordShown(folder, secrets);
    assert.equal((await loadSecrets(folder)).adminPasswordShown, true);
    assert.equal(statSync(path.join(folder, 'secrets.json')).mode & 0o777, 0o600);
    assert.ok(!existsSync(path.join(folder, 'secrets.json.new')));
  });
});
