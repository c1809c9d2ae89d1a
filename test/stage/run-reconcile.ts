import { spawn } from 'node:child_process';
import { type Platform, root } from './test-platform.ts';

export interface Reconciled {
  code: number | null;
  /** What it printed: the discrepancies, and last the summary. */
  lines: string[];
}

/** What `npm run reconcile` says of a running platform, which it finds by its data folder alone. */
export function reconcile(platform: Platform, ...given: string[]): Promise<Reconciled> {
  const child = spawn(process.execPath, ['tools/reconcile.ts', ...given], {
    cwd: root,
    env: { PATH: process.env.PATH, DATA_DIR: platform.setting('DATA_DIR') },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, lines: said.trim().split('\n') }));
  });
}
