import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/** Where the peers' packages are named. */
const FOLDER = path.join(import.meta.dirname, '..');

/** Installs what is measured against, here alone, and anew where the lock has changed. */
export async function installPeers(say: (line: string) => void): Promise<void> {
  const installed = path.join(FOLDER, 'node_modules/.package-lock.json');
  const isCurrent = () => statSync(installed).mtimeMs >= statSync(path.join(FOLDER, 'package-lock.json')).mtimeMs;
  if (existsSync(installed) && isCurrent()) return;
  say('installing the peers');
  await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER });
}

export function peerVersion(name: string): string {
  const file = path.join(FOLDER, 'node_modules', name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'not installed';
}
