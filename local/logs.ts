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

// The size at which a log is rotated: days of logs on an ordinary machine. Up to twice this is kept.
const MAX_LOG_BYTES = 50 * 1024 * 1024;
const CHECK_MS = 60_000;

export interface Log {
  file: string;
  descriptor: number;
  /** Of the lines that are not JSON, the first error or else the last line; undefined if there is none. */
  lastMessage: () => string | undefined;
}

/** Opens one process's log for appending. The child writes to it directly, even after its supervisor is killed. */
export function openLog(folder: string, name: string): Log {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, `${name}.log`);
  const start = existsSync(file) ? statSync(file).size : 0;
  return { file, descriptor: openSync(file, 'a'), lastMessage: () => lastMessageIn(file, start) };
}

/** Rotates large logs now and every minute. The returned function stops it. */
export function rotateLogs(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const check = () => {
    // An error in a timer would end this process, so a deleted folder is ignored.
    if (!existsSync(folder)) return;
    for (const name of readdirSync(folder).filter((name) => name.endsWith('.log')))
      rotateIfLarge(path.join(folder, name));
  };
  check();
  const timer = setInterval(check, CHECK_MS);
  return () => clearInterval(timer);
}

/** Copies and truncates the file instead of renaming it, because its writer keeps it open. */
function rotateIfLarge(file: string): void {
  if (statSync(file).size <= MAX_LOG_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

function lastMessageIn(file: string, start: number): string | undefined {
  // The file may have been deleted with its folder; the end of its process is reported all the same.
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file).subarray(start).toString('utf8').split('\n');
  const forPeople = lines.filter((line) => line.trim() && !/^\{|^\s+at |^Node\.js v/.test(line));
  return forPeople.find((line) => /^\w*error\b[^(]*: /i.test(line)) ?? forPeople.at(-1);
}
