import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.join(import.meta.dirname, '../..');
// A start takes 10 s; where others work on the same machine many times that.
const READY_MS = 300_000;
const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };
const FREE_PORTS = ['PORT', 'METRICS_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'PROCESSOR_PORT', 'CARRIER_PORT'];

export interface WholePlatform {
  api: string;
  adminToken: string;
  /** Runs one of the tools against it; what it printed, and how it ended. */
  tool(script: string): Promise<{ code: number | null; said: string }>;
  stop(): Promise<void>;
}

/** What `npm start` starts, at free ports and over a folder of its own that is gone afterwards. */
export async function startWholePlatform(settings: Record<string, string> = {}): Promise<WholePlatform> {
  const folder = mkdtempSync(path.join(tmpdir(), 'order-platform-bench-'));
  // As root PostgreSQL runs as a user of its own, who has to pass through here.
  chmodSync(folder, 0o711);
  const environment = {
    ...process.env,
    ...Object.fromEntries(FREE_PORTS.map((name) => [name, '0'])),
    DATA_DIR: path.join(folder, 'data'),
    DATABASE_URL: '',
    TEMPORAL_ADDRESS: '',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_PER_MINUTE: '100000000',
    LOG_LEVEL: 'warn',
    ...settings,
  };
  const child = spawn(process.execPath, ['local/start.mjs'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async () => {
    child.kill('SIGINT');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const api = await ready(child);
    const { accessToken } = await post<{ accessToken: string }>(`${api}/v1/sessions`, ADMIN);
    const tool = (script: string) => run(script, { PATH: process.env.PATH, DATA_DIR: environment.DATA_DIR });
    return { api, adminToken: accessToken, tool, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ready(child: ChildProcess): Promise<string> {
  let said = '';
  child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await sleep(100)) {
    const [, api] = /^ready (\S+)/m.exec(said) ?? [];
    if (api) return api;
    if (child.exitCode !== null) break;
  }
  throw new Error(`the platform did not start:\n${said}`);
}

function run(script: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [script], { cwd: root, env });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said: said.trim() }));
  });
}

/** The answer's body, where it is a success. */
export async function post<Body>(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Body> {
  const sent = {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  };
  const response = await fetch(url, sent);
  if (!response.ok) throw new Error(`${response.status} for ${url}: ${await response.text()}`);
  return (await response.json()) as Body;
}
