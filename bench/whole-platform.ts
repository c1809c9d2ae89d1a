import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.join(import.meta.dirname, '..');
// A start takes 10 s, and many times that on a busy machine.
const READY_TIMEOUT_MS = 300_000;
const PORTS = ['PORT', 'METRICS_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'PROCESSOR_PORT', 'CARRIER_PORT'];

/** The whole platform as `npm start` runs it. */
export interface WholePlatform {
  apiUrl: string;
  /** The process from which all others descend. */
  pid: number;
  /** The line that `npm start` prints about the phases of the start. */
  phases: string;
  stop(): Promise<void>;
}

/** Runs `npm start` on free ports, with its own PostgreSQL and Temporal server, and with its state in `dataFolder`. */
export async function startWholePlatform(dataFolder: string, settings: NodeJS.ProcessEnv = {}): Promise<WholePlatform> {
  const child = spawn(process.execPath, ['local/start.mjs'], {
    cwd: root,
    env: {
      ...process.env,
      ...Object.fromEntries(PORTS.map((name) => [name, '0'])),
      DATA_DIR: dataFolder,
      DATABASE_URL: '',
      TEMPORAL_ADDRESS: '',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
  };
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  for (const deadline = Date.now() + READY_TIMEOUT_MS; Date.now() < deadline; await sleep(50)) {
    const [, apiUrl] = /^ready (\S+)/m.exec(output) ?? [];
    if (apiUrl) return { apiUrl, pid: child.pid!, phases: /up in .*/.exec(output)![0], stop };
    if (child.exitCode !== null) break;
  }
  await stop();
  throw new Error(`the platform did not start:\n${output}`);
}
