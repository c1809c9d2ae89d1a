import { spawn } from 'node:child_process';
import { bareEnvironment } from './bare-environment.ts';
import { type Platform, root } from './test-platform.ts';

export interface Reconciled {
  code: number | null;
  /** The lines it printed: the discrepancies, then the summary. */
  lines: string[];
}

/** Runs `npm run reconcile` for a running platform, which it finds by its data folder. */
export function reconcile(platform: Platform, ...args: string[]): Promise<Reconciled> {
  const child = spawn(process.execPath, ['tools/reconcile.ts', ...args], {
    cwd: root,
    env: { ...bareEnvironment(), DATA_DIR: platform.setting('DATA_DIR') },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, lines: output.trim().split('\n') }));
  });
}
