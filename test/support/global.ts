import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, startPostgres } from '../../platform/start/postgres.ts';

// Required by .mocharc.json: servers that test files share start when the first one asks and stop with the run.
let folder: string | undefined;
let postgres: Promise<Server> | undefined;
const closings: (() => Promise<void>)[] = [];

/** A folder of this run's own, removed when it ends. */
export function scratchFolder(): string {
  folder ??= mkdtempSync(path.join(tmpdir(), 'order-platform-test-'));
  return folder;
}

/** Closes something shared by all files once the last of them is through. */
export function beforeRunEnds(close: () => Promise<void>): void {
  closings.push(close);
}

/** A superuser's URL of a real PostgreSQL: TEST_DATABASE_URL's, or one started for this run. */
export async function postgresUrl(): Promise<string> {
  if (process.env.TEST_DATABASE_URL) return process.env.TEST_DATABASE_URL;
  postgres ??= startForThisRun();
  return (await postgres).url;
}

async function startForThisRun(): Promise<Server> {
  const server = await startPostgres({ folder: path.join(scratchFolder(), 'postgres'), port: 0 });
  beforeRunEnds(() => server.close());
  return server;
}

// Servers end within 2 s of being asked; what is still there after this was forgotten.
const LEAK_MS = 10_000;

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await Promise.all(closings.map((close) => close()));
    if (folder) rmSync(folder, { recursive: true, force: true });
    await noChildLeft().finally(endAnyway);
  },
};

/** Fires only where something a test forgot, such as a pool or a worker, keeps the process from ending by itself. */
function endAnyway(): void {
  setTimeout(() => {
    process.stderr.write(`the run does not end; still open: ${process.getActiveResourcesInfo().join(', ')}\n`);
    process.exit(1);
  }, LEAK_MS).unref();
}

async function noChildLeft(): Promise<void> {
  const deadline = Date.now() + LEAK_MS;
  while (process.getActiveResourcesInfo().includes('ProcessWrap')) {
    if (Date.now() > deadline) throw new Error('a test left a child process running');
    await sleep(20);
  }
}
