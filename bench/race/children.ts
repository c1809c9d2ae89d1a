import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signal as send } from '../../local/server-process.ts';

/** One process of a system: what to run, with which environment, and how to see that it can do its work. */
export interface Plan {
  name: string;
  command: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** Resolves once it can; rejects while it cannot. */
  ready?: () => Promise<unknown>;
}

// A worker bundles its workflows at its start, on a machine that may be busy.
const READY_MS = 90_000;
const POLL_MS = 50;
// Longer than the platform's own drain.
const GRACE_MS = 25_000;

const root = path.join(import.meta.dirname, '../..');
const everyone = new Map<number, NodeJS.Signals>();

/** Has a process end with the bench, by this signal, until `forget`. */
export function remember(pid: number, by: NodeJS.Signals): void {
  everyone.set(pid, by);
}

export const forget = (pid: number): void => void everyone.delete(pid);

/** For the second Ctrl-C, and for whatever ends the bench in the middle: nothing it started outlives it. */
export function killEverything(): void {
  for (const [pid, by] of everyone) send(pid, by);
}

interface Child {
  name: string;
  process: ChildProcess;
  ended: Promise<void>;
}

/** The processes of one system, started batch after batch and stopped in the opposite order. */
export class Processes {
  readonly #logs: string;
  readonly #signal: AbortSignal;
  readonly #batches: Child[][] = [];

  constructor(logs: string, signal: AbortSignal) {
    this.#logs = logs;
    this.#signal = signal;
    mkdirSync(logs, { recursive: true });
  }

  async startAll(plans: readonly Plan[]): Promise<void> {
    const batch: Child[] = [];
    this.#batches.push(batch);
    await Promise.all(plans.map((plan) => this.#start(plan, batch)));
  }

  start(plan: Plan): Promise<void> {
    return this.startAll([plan]);
  }

  /** Root process ids, by name. */
  pids(): Record<string, number> {
    return Object.fromEntries(this.#batches.flat().map(({ name, process }) => [name, process.pid!]));
  }

  async close(): Promise<void> {
    for (const batch of this.#batches.toReversed()) await Promise.all(batch.map(stop));
  }

  async #start({ name, command, environment, ready }: Plan, batch: Child[]): Promise<void> {
    this.#signal.throwIfAborted();
    const log = path.join(this.#logs, `${name}.log`);
    const descriptor = openSync(log, 'a');
    const [program, ...args] = command;
    const child = spawn(program!, args, {
      cwd: root,
      env: environment,
      // A Node process of ours ends by itself when this channel closes, as it does when the bench is killed.
      stdio: ['ignore', descriptor, descriptor, ...(program === process.execPath ? (['ipc'] as const) : [])],
      // A group of its own: Ctrl-C reaches the bench alone, which stops everything in order.
      detached: true,
    });
    closeSync(descriptor);
    if (child.pid) remember(child.pid, 'SIGKILL');
    const ended = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    }).finally(() => forget(child.pid ?? 0));
    batch.push({ name, process: child, ended });
    const gone = new AbortController();
    const early = ended.then((): never => {
      gone.abort();
      throw new Error(`${name} ended: ${lastLines(log)}`);
    });
    early.catch(() => undefined);
    if (ready) await Promise.race([this.#answering(ready, log, gone.signal), early]);
  }

  async #answering(ready: () => Promise<unknown>, log: string, gone: AbortSignal): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (!gone.aborted) {
      this.#signal.throwIfAborted();
      try {
        await ready();
        return;
      } catch (error) {
        if (Date.now() > deadline)
          throw new Error(`not ready after ${READY_MS / 1000} s, see ${log}`, { cause: error });
        await sleep(POLL_MS);
      }
    }
  }
}

async function stop({ process, ended }: Child): Promise<void> {
  process.kill('SIGTERM');
  const insist = setTimeout(() => process.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(insist);
}

/** Resolves where something answers 2xx at `url`. */
export const answers = (url: string) => async (): Promise<void> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
};

/** A Node process on one of our own files, given from the project's folder. */
export const node = (...words: string[]): string[] => [process.execPath, ...words];

/** Short, because some write a stack into every line. */
const lastLines = (log: string): string =>
  [
    ...readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .slice(-3)
      .map((line) => line.slice(0, 300)),
    `more in ${log}`,
  ].join('\n');
