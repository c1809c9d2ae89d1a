import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SettingError } from '../platform/config.ts';
import type { RunningProcess } from './keep-running.ts';
import { openLog } from './logs.ts';

/** One process of the platform: its program, its settings, and the URLs that report when it is ready. */
export interface ProcessPlan {
  name: string;
  /** The program, relative to the project's folder, and its arguments. */
  program: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** URLs that return 200 once the process is ready. */
  ready: readonly string[];
}

const root = path.join(import.meta.dirname, '..');

// A cold start compiles everything, which takes 10 s on a busy machine.
const READY_MS = 60_000;
// Not more often: a process that is not ready logs every poll.
const READY_POLL_MS = 100;
// Requests drain within 10 s, a worker's activities within 15 s.
const GRACE_MS = 20_000;

/** Starts a process with its output in `logs`, and waits until it is ready. */
export async function startNodeProcess(
  plan: ProcessPlan,
  { logs, signal }: { logs: string; signal: AbortSignal },
): Promise<RunningProcess> {
  const { file, descriptor, lastMessage } = openLog(logs, plan.name);
  const child = spawn(process.execPath, ['--import', './platform/telemetry/tracing.ts', ...plan.program], {
    cwd: root,
    env: plan.environment,
    // The IPC channel carries no messages: its closing tells the child that its supervisor is gone.
    stdio: ['ignore', descriptor, descriptor, 'ipc'],
    // A process group of its own: Ctrl-C reaches only this process, which stops everything in order.
    detached: true,
  });
  closeSync(descriptor);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(`${lastMessage() ?? `exit ${code ?? signal}`} (log: ${file})`));
  });
  const running = { pid: child.pid ?? 0, ended, close: () => close(child, ended) };
  const endedEarly = ended.then((reason): never => {
    throw new SettingError(`${plan.name} ended during its start: ${reason}`);
  });
  endedEarly.catch(() => undefined);
  const stopPolling = new AbortController();
  const pollUntil = AbortSignal.any([signal, stopPolling.signal]);
  try {
    await Promise.race([allReady(plan.ready, file, pollUntil), endedEarly]);
    signal.throwIfAborted();
  } catch (error) {
    await running.close();
    throw error;
  } finally {
    stopPolling.abort();
  }
  return running;
}

async function close(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const killTimer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(killTimer);
}

/** One after another: all must be ready, and polling the others before the first is ready would only cost time. */
async function allReady(urls: readonly string[], log: string, signal: AbortSignal): Promise<void> {
  for (const url of urls) await ready(url, log, signal);
}

async function ready(url: string, log: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(await isReady(url)) && !signal.aborted) {
    if (Date.now() > deadline) {
      throw new SettingError(`${url} was not ready within ${READY_MS / 1000} s: see ${log}`);
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
