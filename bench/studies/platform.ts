import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const PORTS = ['PORT', 'METRICS_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'PROCESSOR_PORT', 'CARRIER_PORT'];

/** The whole platform as `npm start` runs it, at free ports. */
export interface StartedPlatform {
  apiUrl: string;
  /** Of the process all others descend from. */
  pid: number;
  /** What it said of its phases. */
  phases: string;
  close(): Promise<void>;
}

/** A folder for what a bench keeps, removed when it ends in order. */
export function benchFolder(): { path: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'order-platform-bench-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function startPlatform(dataFolder: string, environment: NodeJS.ProcessEnv = {}): Promise<StartedPlatform> {
  const child = spawn(process.execPath, ['local/start.mjs'], {
    cwd: root,
    env: {
      ...process.env,
      ...Object.fromEntries(PORTS.map((name) => [name, '0'])),
      DATA_DIR: dataFolder,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  const ready = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const apiUrl = /^ready (\S+)/m.exec(said)?.[1];
      if (apiUrl) resolve(apiUrl);
    });
  });
  const early = ended.then((): never => {
    throw new Error(`the platform did not start:\n${said}`);
  });
  early.catch(() => undefined);
  const apiUrl = await Promise.race([ready, early]);
  return {
    apiUrl,
    pid: child.pid!,
    phases: /up in .*/.exec(said)![0],
    async close() {
      child.kill('SIGINT');
      await ended;
    },
  };
}
