import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../platform/config.ts';
import type { RunningProcess } from './keep-running.ts';
import { takePort } from '../platform/ports.ts';
import { endProcess, endReason, isRunning, waitUntilReaped } from './server-process.ts';
import { prepareNamespace } from './temporal-namespace.ts';

export interface TemporalServer extends RunningProcess {
  /** host:port of the gRPC front end. */
  address: string;
  /** URL of the Web UI; undefined without one. */
  uiUrl: string | undefined;
}

export interface TemporalOptions {
  executable: string;
  /** Stores the state of all workflows durably. */
  folder: string;
  port: number;
  /** Undefined: no Web UI. */
  uiPort: number | undefined;
  namespace: string;
}

// It finishes running work within 2 s; if killed, it loses nothing either.
const GRACE_MS = 10_000;

/** Differences from the server's defaults; deploy/temporal-dynamic-config.yaml has the same for a cluster. */
export const SERVER_SETTINGS = [
  // By default a shard polls for transfer tasks at most 20 times a second, which can delay each hop of a saga by 50 ms.
  // On one machine 2,000 took a saga from 449 to 72 ms, on another it made no difference: docs/operations.md.
  'history.transferProcessorMaxPollRPS=2000',
  // One partition per queue: with the default of four, a task may wait in one while a poller waits at another.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
];

/**
 * Only for the development server. A workflow's time passes as usual until somebody moves it: `npm run fast-forward` does,
 * and so do tests, in which a month takes a second.
 */
const TIME_SKIPPING = 'frontend.WorkflowTimeSkippingEnabled=true';

/**
 * Runs Temporal's development server on 127.0.0.1 with its state in `folder`. First ends a server that outlived its killed
 * parent: it uses the same file, and a parent learns only of its own child's end.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { executable, folder, namespace } = options;
  await endLeftoverTemporal(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const port = await takePort(options.port, 'TEMPORAL_PORT');
  const uiPort = options.uiPort === undefined ? undefined : await takePort(options.uiPort, 'TEMPORAL_UI_PORT');
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
      ...[...SERVER_SETTINGS, TIME_SKIPPING].map((setting) => `--dynamic-config-value=${setting}`),
    ],
    // A process group of its own: Ctrl-C reaches only this process, which stops Temporal after its workers.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  writeFileSync(pidFile(folder), String(child.pid));
  const ended = endReason(child);
  const address = `127.0.0.1:${port}`;
  const endedEarly = ended.then((reason): never => {
    throw new SettingError(`the Temporal server ended during its start: ${reason}`);
  });
  endedEarly.catch(() => undefined);
  await Promise.race([prepareNamespace({ address, namespace }), endedEarly]).catch(async (error: unknown) => {
    await endLeftoverTemporal(folder);
    throw error;
  });
  return {
    address,
    uiUrl: uiPort === undefined ? undefined : `http://127.0.0.1:${uiPort}`,
    pid: child.pid!,
    ended,
    // By process id: the pid file may have been deleted while the server still runs.
    close: () => endServer(child.pid!, folder),
  };
}

/** Ends a server that runs on `folder`, found by its pid file. */
export async function endLeftoverTemporal(folder: string): Promise<void> {
  if (!existsSync(pidFile(folder))) return;
  const pid = Number(readFileSync(pidFile(folder), 'utf8'));
  await endServer(pid, folder);
  // An ending process loses its command line before it closes its sockets: only now is its port free.
  await waitUntilReaped(pid);
}

async function endServer(pid: number, folder: string): Promise<void> {
  const command = stateFile(folder);
  if (isRunning(pid, command)) {
    await endProcess(pid, { command, stopSignal: 'SIGTERM', killSignal: 'SIGKILL', graceMs: GRACE_MS });
  }
  rmSync(pidFile(folder), { force: true });
}

const stateFile = (folder: string) => path.join(path.resolve(folder), 'temporal.db');
const pidFile = (folder: string) => path.join(folder, 'temporal.pid');
