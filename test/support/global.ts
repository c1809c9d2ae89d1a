import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Server, startPostgres } from '../../platform/start/postgres.ts';

// Required by .mocharc.json: servers that test files share start when the first one asks and stop with the run.
let folder: string | undefined;
let postgres: Promise<Server> | undefined;

/** A folder of this run's own, removed when it ends. */
export function scratchFolder(): string {
  folder ??= mkdtempSync(path.join(tmpdir(), 'order-platform-test-'));
  return folder;
}

/** A superuser's URL of a real PostgreSQL: TEST_DATABASE_URL's, or one started for this run. */
export async function postgresUrl(): Promise<string> {
  if (process.env.TEST_DATABASE_URL) return process.env.TEST_DATABASE_URL;
  postgres ??= startPostgres({ folder: path.join(scratchFolder(), 'postgres'), port: 0 });
  return (await postgres).url;
}

export const mochaHooks = {
  async afterAll(): Promise<void> {
    await (await postgres)?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  },
};
