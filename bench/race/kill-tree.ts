import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendSignal } from '../../local/server-process.ts';

const POLL_MS = 5;

/**
 * Kills a process and its child processes at once, also those in process groups of their own, as PostgreSQL's are.
 * Resolves when all have ended. Linux only.
 */
export async function killTree(pid: number): Promise<void> {
  // A process that is stopped starts no more children.
  sendSignal(pid, 'SIGSTOP');
  const tree = [pid, ...childrenOf(pid)];
  for (const one of tree) sendSignal(one, 'SIGKILL');
  while (tree.some((one) => parentOf(one) !== undefined)) await sleep(POLL_MS);
}

const childrenOf = (pid: number): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => parentOf(one) === pid);

/** Undefined if the process has ended, even if its parent has not yet been told. */
function parentOf(pid: number): number | undefined {
  try {
    // proc_pid_stat(5): the name in parentheses is followed by state, parent and so on.
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? undefined : Number(parent);
  } catch {
    return undefined;
  }
}
