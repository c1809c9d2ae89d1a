import { type ChildProcess, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Whether process `pid` runs and its command line contains `command`. The check matters because a recorded id may belong
 * to another program after a reboot, which must not be ended. A zombie does not count as running.
 */
export function isRunning(pid: number, command: string): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  return commandLine(pid).includes(command);
}

interface EndOptions {
  /** Part of the command line, as for `isRunning`. */
  command: string;
  stopSignal: NodeJS.Signals;
  /** Sent if the process still runs after `graceMs`. */
  killSignal: NodeJS.Signals;
  graceMs: number;
}

/** Stops a process, and kills it after `graceMs`. Resolves when it has ended. */
export async function endProcess(pid: number, { command, stopSignal, killSignal, graceMs }: EndOptions): Promise<void> {
  const deadline = Date.now() + graceMs;
  sendSignal(pid, stopSignal);
  let killed = false;
  while (isRunning(pid, command)) {
    if (!killed && Date.now() > deadline) {
      sendSignal(pid, killSignal);
      killed = true;
    }
    await sleep(20);
  }
}

// The init process of some containers reaps zombies only every 2 s.
const REAP_TIMEOUT_MS = 10_000;

/**
 * Waits until an ended process is gone from the process table. Until its parent reaps it, other programs take its id for
 * a live process.
 */
export async function waitUntilReaped(pid: number): Promise<void> {
  const deadline = Date.now() + REAP_TIMEOUT_MS;
  while (exists(pid) && commandLine(pid) === '' && Date.now() < deadline) await sleep(20);
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Resolves when a child has ended, with the signal that ended it, the end of its standard error, or its exit code. */
export function endReason(child: ChildProcess): Promise<string> {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-2000)));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? (stderr.trim() || `exit ${code}`)));
  });
}

/** Sends a signal. Does nothing if the process has already ended. */
export function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function commandLine(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return ''; // The process does not exist.
  }
}
