import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../platform/config.ts';
import type { Part } from './keep-running.ts';
import { takePort } from '../platform/ports.ts';
import { end, lastWords, runs } from './server-process.ts';
import { prepareNamespace } from './temporal-namespace.ts';

export interface TemporalServer extends Part {
  /** host:port of the gRPC front end. */
  address: string;
  /** Of the Web UI, where one was asked for. */
  uiUrl: string | undefined;
}

export interface TemporalOptions {
  executable: string;
  /** Where every workflow's state lives, durably. */
  folder: string;
  port: number;
  /** Undefined: no Web UI. */
  uiPort: number | undefined;
  namespace: string;
  /** Lets tests run a month in a second; never for real orders. */
  timeSkipping?: boolean;
}

// What it has under way it ends within 2 s; killed, it loses nothing either.
const GRACE_MS = 10_000;

/** What differs from a server's defaults; deploy/temporal-dynamic-config.yaml says the same for a cluster. */
export const SERVER_SETTINGS = [
  // By default a shard looks for transfer tasks 20 times a second at most, which can pace each hop of a saga to 50 ms.
  // On one machine 2,000 took a saga from 449 to 72 ms, on another it made no difference: docs/operations.md.
  'history.transferProcessorMaxPollRPS=2000',
  // One partition a queue: with the default four a task may wait in one while a poller waits at another.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/**
 * Runs Temporal's development server on 127.0.0.1 with its state in `folder`. One that outlived its parent
 * (`kill -9`) is ended first: its state is in the same file, and only our own child tells us when it ends.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { executable, folder, namespace } = options;
  await endLeftoverTemporal(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await takePort(options.port, 'TEMPORAL_PORT');
  const uiPort = options.uiPort === undefined ? undefined : await takePort(options.uiPort, 'TEMPORAL_UI_PORT');
  const settings = [...SERVER_SETTINGS, ...(options.timeSkipping ? ['frontend.WorkflowTimeSkippingEnabled=true'] : [])];
  const child = spawn(
    executable,
    [
      'server',
      'start-dev',
      '--ip=127.0.0.1',
      `--port=${port}`,
      `--db-filename=${stateFile(folder)}`,
      `--namespace=${namespace}`,
      '--log-level=error',
      ...(uiPort === undefined ? ['--headless'] : [`--ui-port=${uiPort}`, '--ui-disable-news-fetch']),
      ...settings.map((setting) => `--dynamic-config-value=${setting}`),
    ],
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we stop it after its workers.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  writeFileSync(pidFile(folder), String(child.pid));
  const ended = lastWords(child);
  const address = `127.0.0.1:${port}`;
  const early = ended.then((reason): never => {
    throw new SettingError(`the Temporal server ended at once: ${reason}`);
  });
  early.catch(() => undefined);
  await Promise.race([prepareNamespace({ address, namespace }), early]).catch(async (error: unknown) => {
    await endLeftoverTemporal(folder);
    throw error;
  });
  return {
    address,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    pid: child.pid!,
    ended,
    // By its number, not by its file: that may be gone by then, and it runs on.
    close: () => endServer(child.pid!, folder),
  };
}

/** Ends the server that runs on `folder`, if one does. */
export async function endLeftoverTemporal(folder: string): Promise<void> {
  if (!existsSync(pidFile(folder))) return;
  await endServer(Number(readFileSync(pidFile(folder), 'utf8')), folder);
}

async function endServer(pid: number, folder: string): Promise<void> {
  const words = stateFile(folder);
  if (runs(pid, words)) await end(pid, { words, ask: 'SIGTERM', force: 'SIGKILL', graceMs: GRACE_MS });
  rmSync(pidFile(folder), { force: true });
}

const stateFile = (folder: string) => path.join(path.resolve(folder), 'temporal.db');
const pidFile = (folder: string) => path.join(folder, 'temporal.pid');
