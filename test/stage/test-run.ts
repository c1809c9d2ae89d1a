import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TestServers } from './test-servers.ts';

// Required by .mocharc.json, in the main process and in each process that runs test files.

let servers: TestServers | undefined;

/** In the main process, before the first test. */
export async function mochaGlobalSetup(): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'order-platform-test-'));
  // As root, PostgreSQL runs as a user of its own, who has to pass through here.
  chmodSync(folder, 0o711);
  process.env.TEST_FOLDER = folder;
  servers = new TestServers(folder);
  process.env.TEST_SERVERS = await servers.listen();
}

/** In the main process, after the last test. */
export async function mochaGlobalTeardown(): Promise<void> {
  await servers!.close();
  rmSync(process.env.TEST_FOLDER!, { recursive: true, force: true });
  endAnyway();
}

let folder: string | undefined;

/** A folder for this process's files, removed when the run ends. */
export function scratchFolder(): string {
  if (!folder) {
    folder = mkdtempSync(path.join(process.env.TEST_FOLDER!, 'scratch-'));
    chmodSync(folder, 0o711);
  }
  return folder;
}

const closings: (() => Promise<void>)[] = [];

/** Closes what the tests of one file share, after the last of them. */
export function afterFile(close: () => Promise<void>): void {
  closings.push(close);
}

// Servers end within 2 s of being asked; what is still there after this was forgotten.
const LEAK_MS = 10_000;

// What keeps a process alive, by Node's names. Pipes are Mocha's own; files and name lookups end by themselves.
const LEAKS = ['ProcessWrap', 'TCPServerWrap', 'TCPSocketWrap', 'TLSWrap', 'MessagePort', 'Worker', 'Timeout'];

let openBefore: string[] = [];

export const mochaHooks = {
  async beforeAll(): Promise<void> {
    // Mocha times a hook from its first wait on; that timer runs in `afterAll` too.
    await Promise.resolve();
    openBefore = openHandles();
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await Promise.all(closings.splice(0).map((close) => close()));
    // Without workers the shared servers run in this process; then the end of the process is the check.
    if (process.env.MOCHA_WORKER_ID !== undefined) await nothingLeftOpen(this.test!.parent!.suites[0]?.file);
  },
};

const openHandles = () => process.getActiveResourcesInfo().filter((kind) => LEAKS.includes(kind));

/** A pool, server, timer, thread or child process that a test file forgets fails that file. */
async function nothingLeftOpen(file = 'a test file'): Promise<void> {
  const deadline = Date.now() + LEAK_MS;
  for (;;) {
    const left = openHandles();
    for (const kind of openBefore) if (left.includes(kind)) left.splice(left.indexOf(kind), 1);
    if (left.length === 0) return;
    if (Date.now() > deadline) throw new Error(`${file} leaves open: ${left.join(', ')}`);
    await sleep(20);
  }
}

/** Fires only where something a test forgot, such as a pool or a worker, keeps the process from ending by itself. */
function endAnyway(): void {
  setTimeout(() => {
    process.stderr.write(`the run does not end; still open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, LEAK_MS).unref();
}
