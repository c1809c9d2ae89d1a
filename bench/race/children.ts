import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendSignal } from '../../local/server-process.ts';

/** A process to start: its command, its environment, and how to check that it is ready. */
export interface Plan {
  name: string;
  command: readonly string[];
  environment: NodeJS.ProcessEnv;
  /** Rejects while the process with this id is not ready. */
  ready?: (pid: number) => Promise<unknown>;
}

// A worker bundles its workflows at the start, on a machine that may be busy.
const READY_TIMEOUT_MS = 90_000;
const POLL_MS = 50;
// Longer than the platform needs to drain.
const GRACE_MS = 25_000;

/** The folder of this checkout. */
export const ROOT = path.join(import.meta.dirname, '../..');
const killSignals = new Map<number, NodeJS.Signals>();

/** Registers a process that `killEverything` ends with this signal, until `forget`. */
export function remember(pid: number, killSignal: NodeJS.Signals): void {
  killSignals.set(pid, killSignal);
}

export const forget = (pid: number): void => void killSignals.delete(pid);

/** For the second Ctrl-C and for a crash of the bench: no process outlives it. */
export function killEverything(): void {
  for (const [pid, killSignal] of killSignals) sendSignal(pid, killSignal);
}

interface Child {
  /** As given, so that it can be started again. */
  plan: Plan;
  process: ChildProcess;
  log: string;
  ended: Promise<void>;
}

export interface ProcessesOptions {
  /** The checkout whose programs are started. */
  root?: string;
  /** Changes each plan before it is started. */
  rewire?: (plan: Plan) => Plan;
}

/** The processes of one system, started in batches and stopped in the reverse order. */
export class Processes {
  readonly #logs: string;
  readonly #signal: AbortSignal;
  readonly #root: string;
  readonly #rewire: (plan: Plan) => Plan;
  readonly #batches: Child[][] = [];

  constructor(logs: string, signal: AbortSignal, { root = ROOT, rewire = (plan) => plan }: ProcessesOptions = {}) {
    this.#logs = logs;
    this.#signal = signal;
    this.#root = root;
    this.#rewire = rewire;
    mkdirSync(logs, { recursive: true });
  }

  async startAll(plans: readonly Plan[]): Promise<void> {
    const batch: Child[] = [];
    this.#batches.push(batch);
    await Promise.all(plans.map((plan) => this.#start(plan, (child) => batch.push(child))));
  }

  start(plan: Plan): Promise<void> {
    return this.startAll([plan]);
  }

  /** Process ids by name, of those that run. */
  pids(): Record<string, number> {
    const running = this.#batches.flat().filter(isRunning);
    return Object.fromEntries(running.map(({ plan, process }) => [plan.name, process.pid!]));
  }

  /** Kills a process and its descendants at once, frozen or not. Resolves when it has ended. */
  async kill(name: string): Promise<void> {
    const child = this.#find(name);
    signalTree(child, 'SIGKILL');
    await child.ended;
  }

  /** Starts a process that has ended again. Resolves when it is ready; rejects if it ends before that. */
  async restart(name: string): Promise<void> {
    const child = this.#find(name);
    if (isRunning(child)) throw new Error(`${name} is running`);
    const batch = this.#batches.find((batch) => batch.includes(child))!;
    await this.#start(child.plan, (restarted) => (batch[batch.indexOf(child)] = restarted));
  }

  /** Stops a process and its descendants where they are, until `thaw`. Their connections stay open. */
  freeze(name: string): void {
    signalTree(this.#find(name), 'SIGSTOP');
  }

  thaw(name: string): void {
    signalTree(this.#find(name), 'SIGCONT');
  }

  async close(): Promise<void> {
    for (const batch of this.#batches.toReversed()) await Promise.all(batch.map(stop));
  }

  #find(name: string): Child {
    const child = this.#batches.flat().find(({ plan }) => plan.name === name);
    if (!child) throw new Error(`there is no process ${name}`);
    return child;
  }

  async #start(plan: Plan, keep: (child: Child) => void): Promise<void> {
    this.#signal.throwIfAborted();
    const child = this.#spawn(plan);
    keep(child);
    const { ready } = plan;
    if (!ready) return;
    const { log, ended, process } = child;
    const exited = new AbortController();
    const early = ended.then((): never => {
      exited.abort();
      throw new Error(`${plan.name} ended: ${lastLines(log)}`);
    });
    await Promise.race([this.#untilReady(() => ready(process.pid!), log, exited.signal), early]);
  }

  #spawn(plan: Plan): Child {
    const { name, command, environment } = this.#rewire(plan);
    const log = path.join(this.#logs, `${name}.log`);
    const descriptor = openSync(log, 'a');
    const [program, ...args] = command;
    const child = spawn(program!, args, {
      cwd: this.#root,
      env: environment,
      // The platform's Node processes end when this channel closes, which happens when the bench is killed.
      stdio: ['ignore', descriptor, descriptor, ...(program === process.execPath ? (['ipc'] as const) : [])],
      // A process group of its own: Ctrl-C reaches only the bench, which stops everything in order.
      detached: true,
    });
    closeSync(descriptor);
    if (child.pid) remember(child.pid, 'SIGKILL');
    const ended = new Promise<void>((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    }).finally(() => forget(child.pid ?? 0));
    return { plan, process: child, log, ended };
  }

  async #untilReady(ready: () => Promise<unknown>, log: string, exited: AbortSignal): Promise<void> {
    const deadline = Date.now() + READY_TIMEOUT_MS;
    while (!exited.aborted) {
      this.#signal.throwIfAborted();
      try {
        await ready();
        return;
      } catch (error) {
        if (Date.now() > deadline)
          throw new Error(`not ready after ${READY_TIMEOUT_MS / 1000} s, see ${log}`, { cause: error });
        await sleep(POLL_MS);
      }
    }
  }
}

async function stop(child: Child): Promise<void> {
  child.process.kill('SIGTERM');
  // A frozen process receives the signal when it goes on.
  signalTree(child, 'SIGCONT');
  const kill = setTimeout(() => child.process.kill('SIGKILL'), GRACE_MS);
  await child.ended;
  clearTimeout(kill);
}

const isRunning = ({ process: { pid, exitCode, signalCode } }: Child): boolean =>
  pid !== undefined && exitCode === null && signalCode === null;

/** To the process group, which has the process's id. */
function signalTree(child: Child, signal: NodeJS.Signals): void {
  if (isRunning(child)) sendSignal(-child.process.pid!, signal);
}

/** Rejects unless the status at `url` is 2xx. */
export const isOk = (url: string) => async (): Promise<void> => {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${url} returned ${response.status}`);
};

/** The command for a Node program; its path is relative to the project's folder. */
export const node = (...args: string[]): string[] => [process.execPath, ...args];

/** Shortened, because some log lines contain a stack. */
const lastLines = (log: string): string =>
  [
    ...readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .slice(-3)
      .map((line) => line.slice(0, 300)),
    `more in ${log}`,
  ].join('\n');
