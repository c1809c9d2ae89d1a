import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-ports.ts';
import { scratchFolder } from './test-run.ts';

const VERSION = 'v0.203.0';
const STARTUP_MS = 60_000;

/** The path of stripe-mock, `build` if Go can build it, or undefined. */
export function findStripeMock(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), path.join(homedir(), 'go', 'bin')];
  const binary = folders.map((folder) => path.join(folder, 'stripe-mock')).find((file) => existsSync(file));
  return binary ?? (hasGo() ? 'build' : undefined);
}

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

/** Runs Stripe's own mock, which checks every request against Stripe's OpenAPI document, until closed. */
export async function startStripeMock(where: string): Promise<{ url: string; close(): Promise<void> }> {
  const binary = where === 'build' ? await build() : where;
  const [http, https] = [await freePort(), await freePort()];
  const child = spawn(binary, ['-http-addr', `127.0.0.1:${http}`, '-https-addr', `127.0.0.1:${https}`], {
    stdio: 'ignore',
  });
  const url = `http://127.0.0.1:${http}`;
  try {
    await answers(url, child);
  } catch (error) {
    child.kill();
    throw error;
  }
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill();
      }),
  };
}

async function build(): Promise<string> {
  const folder = path.join(scratchFolder(), 'bin');
  await promisify(execFile)('go', ['install', `github.com/stripe/stripe-mock@${VERSION}`], {
    env: { ...process.env, GOBIN: folder },
    timeout: 240_000,
  });
  return path.join(folder, 'stripe-mock');
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + STARTUP_MS; ;) {
    const response = await fetch(`${url}/v1/balance`, { headers: { authorization: 'Bearer sk_test_123' } }).catch(
      () => undefined,
    );
    if (response?.ok) return;
    if (child.exitCode !== null) throw new Error(`stripe-mock ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error('stripe-mock does not respond');
    await sleep(100);
  }
}

/** The error of stripe-mock for a request; undefined if the request is valid. */
export async function validationError(validator: string, request: IncomingMessage, body: string): Promise<unknown> {
  const response = await fetch(new URL(request.url!, validator), {
    method: request.method!,
    headers: {
      authorization: request.headers.authorization!,
      'content-type': 'application/x-www-form-urlencoded',
    },
    ...(request.method === 'POST' && { body }),
  });
  const answer = await response.json();
  return response.ok ? undefined : answer;
}
