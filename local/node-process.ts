import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SettingError } from '../platform/config.ts';
import type { Part } from './keep-running.ts';
import { openLog } from './logs.ts';

/** One process of the platform: what to run, with which settings, and where it says that it is ready. */
export interface ProcessPlan {
  name: string;
  /** The program and its arguments, from the project's folder. */
  program: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** Each answers 200 once the process can do its work. */
  ready: readonly string[];
}

const root = path.join(import.meta.dirname, '..');

// A cold start compiles everything on a busy machine in 10 s.
const READY_MS = 60_000;
// A process says in its log that it is not ready yet: often enough is enough.
const READY_POLL_MS = 100;
// Requests drain in 10 s, a worker's activities in 15 s.
const GRACE_MS = 20_000;

/** Starts a process with its output in `logs`, and waits until it is ready. */
export async function startNode(
  plan: ProcessPlan,
  { logs, signal }: { logs: string; signal: AbortSignal },
): Promise<Part> {
  const { file, descriptor, complaint } = openLog(logs, plan.name);
  const child = spawn(process.execPath, ['--import', './platform/telemetry/tracing.ts', ...plan.program], {
    cwd: root,
    env: plan.environment,
    // The channel says nothing: that it closes tells the child that its supervisor is gone.
    stdio: ['ignore', descriptor, descriptor, 'ipc'],
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we stop everything in order.
    detached: true,
  });
  closeSync(descriptor);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`${complaint() ?? `exit ${code ?? signal}`} (more in ${file})`));
  });
  const part = { pid: child.pid ?? 0, ended, close: () => close(child, ended) };
  const early = ended.then((reason): never => {
    throw new SettingError(`${plan.name} ended at once: ${reason}`);
  });
  early.catch(() => undefined);
  const waiting = new AbortController();
  const until = AbortSignal.any([signal, waiting.signal]);
  try {
    await Promise.race([allAnswering(plan.ready, file, until), early]);
    signal.throwIfAborted();
  } catch (error) {
    await part.close();
    throw error;
  } finally {
    waiting.abort();
  }
  return part;
}

async function close(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const insist = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(insist);
}

/** One after the other: all of them have to, and asking those behind before the first does only costs time. */
async function allAnswering(urls: readonly string[], log: string, signal: AbortSignal): Promise<void> {
  for (const url of urls) await answering(url, log, signal);
}

async function answering(url: string, log: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await isReady(url)) && !signal.aborted) {
    if (Date.now() > deadline) {
      throw new SettingError(`${url} is not ready after ${READY_MS / 1000} s: see ${log}`);
    }
    await sleep(READY_POLL_MS);
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
