import {
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
} from 'node:fs';
import path from 'node:path';

// What one process may write before the older part is dropped: days of an ordinary machine's log. Twice this is kept.
const LOG_BYTES = 50 * 1024 * 1024;
const CHECK_MS = 60_000;

export interface Log {
  file: string;
  descriptor: number;
  /** What the process that writes here said for people, or undefined where it wrote only JSON lines. */
  complaint: () => string | undefined;
}

/** Opens one process's log for appending: the child writes to it directly and goes on when its supervisor is killed. */
export function openLog(folder: string, name: string): Log {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${name}.log`);
  const start = existsSync(file) ? statSync(file).size : 0;
  return { file, descriptor: openSync(file, 'a'), complaint: () => complaintIn(file, start) };
}

/** Puts logs that have grown large aside, now and every minute. Returns what ends this. */
export function boundLogs(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const check = () => {
    // A timer's error would end us all; a folder that was taken away is no concern of the logs.
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.log'))) bound(path.join(folder, name));
  };
  check();
  const timer = setInterval(check, CHECK_MS);
  return () => clearInterval(timer);
}

/** Copied and emptied, not renamed: its writer has it open, and appends. */
function bound(file: string): void {
  if (statSync(file).size <= LOG_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

function complaintIn(file: string, start: number): string | undefined {
  // Taken away, as with its folder, it says nothing, and the end of its writer is to be told all the same.
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file).subarray(start).toString('utf8').split('\n');
  const forPeople = lines.filter((line) => line.trim() && !/^\{|^\s+at |^Node\.js v/.test(line));
  return forPeople.find((line) => /^\w*error\b[^(]*: /i.test(line)) ?? forPeople.at(-1);
}
