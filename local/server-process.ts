import { type ChildProcess, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Whether process `pid` runs and `words` stand in its command line: after a reboot a remembered number may be
 * somebody else's, and we end nobody else's process. A dead one that nobody has reaped does not run.
 */
export function runs(pid: number, words: string): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  return commandLine(pid).includes(words);
}

/** Asks a process to end, and after `graceMs` makes it. Resolves once it is gone. */
export async function end(
  pid: number,
  { words, ask, force, graceMs }: { words: string; ask: NodeJS.Signals; force: NodeJS.Signals; graceMs: number },
): Promise<void> {
  const deadline = Date.now() + graceMs;
  signal(pid, ask);
  let forced = false;
  while (runs(pid, words)) {
    if (!forced && Date.now() > deadline) {
      signal(pid, force);
      forced = true;
    }
    await sleep(20);
  }
}

// Some containers' first process looks after the dead every 2 s.
const UNREAPED_MS = 10_000;

/**
 * Waits until a process that has ended is gone from the system's table too: until somebody has taken note of its end
 * its number stands there, and other programs take it for alive.
 */
export async function reaped(pid: number): Promise<void> {
  const deadline = Date.now() + UNREAPED_MS;
  while (isKnown(pid) && commandLine(pid) === '' && Date.now() < deadline) await sleep(20);
}

function isKnown(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Resolves when a child is gone, with the signal that ended it, or the last it wrote to standard error, or its exit code. */
export function lastWords(child: ChildProcess): Promise<string> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? (said.trim() || `exit ${code}`)));
  });
}

/** Sends a signal; one that ended in the meantime needs none. */
export function signal(pid: number, name: NodeJS.Signals): void {
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
    return ''; // There is no such process.
  }
}
