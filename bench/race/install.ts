import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/** The folder of the peers' package.json. */
const FOLDER = path.join(import.meta.dirname, '..');

/** Installs the peers in this folder, and again when the lock file has changed. */
export async function installPeers(print: (line: string) => void): Promise<void> {
  const installed = path.join(FOLDER, 'node_modules/.package-lock.json');
  const isCurrent = () => statSync(installed).mtimeMs >= statSync(path.join(FOLDER, 'package-lock.json')).mtimeMs;
  if (existsSync(installed) && isCurrent()) return;
  print('installing the peers');
  await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER });
}

export function peerVersion(name: string): string {
  const file = path.join(FOLDER, 'node_modules', name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'not installed';
}
