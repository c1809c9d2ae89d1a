import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Platform } from './test-platform.ts';

/** What all services of a platform have logged so far: without a mail server the secret links of mails are there. */
export function serviceLogs(platform: Platform): string {
  const folder = path.join(platform.setting('DATA_DIR'), 'logs');
  const logs = globSync('*.log', { cwd: folder }).map((log) => readFileSync(path.join(folder, log), 'utf8'));
  return logs.join('\n');
}

/** The tokens of this kind in the links of a user's mails. */
export const mailedTokens = (platform: Platform, kind: 'ev' | 'pr', userId: string): string[] =>
  serviceLogs(platform)
    .split('\n')
    .filter((line) => line.includes(userId))
    .flatMap((line) => new RegExp(`#(${kind}_[\\w-]{43})`).exec(line)?.[1] ?? []);
