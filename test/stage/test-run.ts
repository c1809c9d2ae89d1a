import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../local/server-process.ts';
import { TestServers } from './test-servers.ts';

// Required by .mocharc.json, in the main process and in each process that runs test files.

const PREFIX = 'order-platform-test-';
// Longer than a run takes.
const LEFT_AFTER_MS = 2 * 60 * 60 * 1000;

let servers: TestServers | undefined;

/** In the main process, before the first test. */
export async function mochaGlobalSetup(): Promise<void> {
  removeLeftFolders();
  const folder = mkdtempSync(path.join(tmpdir(), `${PREFIX}${process.pid}-`));
  // When started as root, PostgreSQL runs as another user, which needs access to this folder.
  chmodSync(folder, 0o711);
  process.env.TEST_FOLDER = folder;
  servers = new TestServers(folder);
  process.env.TEST_SERVERS = await servers.listen();
}

/** What killed runs of this user have left. It may be in memory. */
function removeLeftFolders(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(pid) || isRunning(pid, 'mocha')) continue;
    const folder = path.join(tmpdir(), name);
    const stats = statSync(folder, { throwIfNoEntry: false });
    if (!stats || stats.uid !== process.getuid!() || Date.now() - stats.mtimeMs < LEFT_AFTER_MS) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In the main process, after the last test. */
export async function mochaGlobalTeardown(): Promise<void> {
  await servers!.close();
  rmSync(process.env.TEST_FOLDER!, { recursive: true, force: true });
  exitIfStuck();
}

let folder: string | undefined;

/** A folder for this process's files. It is deleted when the run ends. */
export function scratchFolder(): string {
  if (!folder) {
    folder = mkdtempSync(path.join(process.env.TEST_FOLDER!, 'scratch-'));
    chmodSync(folder, 0o711);
  }
  return folder;
}

const closings: (() => Promise<void>)[] = [];

/** Registers what to close after the last test of the file. */
export function afterFile(close: () => Promise<void>): void {
  closings.push(close);
}

// Servers stop within 2 s. What is still open after this time is a leak.
const LEAK_MS = 10_000;

// Node's names of what keeps a process alive. Pipes belong to Mocha; files and name lookups end by themselves.
const LEAKS = ['ProcessWrap', 'TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'MessagePort', 'Worker', 'Timeout'];

let openBefore: string[] = [];

export const mochaHooks = {
  async beforeAll(): Promise<void> {
    // Mocha starts a hook's timer at its first await. That timer is open in `afterAll` too.
    await Promise.resolve();
    openBefore = openHandles();
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await Promise.all(closings.splice(0).map((close) => close()));
    // Without workers the shared servers run in this process. Then the check is that the process ends.
    if (process.env.MOCHA_WORKER_ID !== undefined) await expectNothingOpen(this.test!.parent!.suites[0]?.file);
  },
};

const openHandles = () => process.getActiveResourcesInfo().filter((kind) => LEAKS.includes(kind));

/** Fails a test file that leaves a pool, server, timer, thread or child process open. */
async function expectNothingOpen(file = 'a test file'): Promise<void> {
  const deadline = Date.now() + LEAK_MS;
  for (;;) {
    const left = openHandles();
    for (const kind of openBefore) if (left.includes(kind)) left.splice(left.indexOf(kind), 1);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`${file} leaves open: ${left.join(', ')}`);
    await sleep(20);
  }
}

/** Ends the process with an error if something that was left open, such as a pool or a worker, keeps it alive. */
function exitIfStuck(): void {
  setTimeout(() => {
    process.stderr.write(`the test run does not end; still open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    // Mocha sets the code to the number of failed tests, when the process exits.
    process.once('exit', () => (process.exitCode = 1));
    process.exit(1);
  }, LEAK_MS).unref();
}
