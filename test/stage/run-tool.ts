import { spawn } from 'node:child_process';
import { bareEnvironment } from './bare-environment.ts';
import { type Platform, root } from './test-platform.ts';

export interface ToolRun {
  code: number | null;
  /** What it printed, to standard output and to standard error. */
  lines: string[];
}

/** Runs a tool, such as `npm run reconcile`, for a running platform, which it finds by its data folder. */
export function runTool(platform: Platform, name: string, ...args: string[]): Promise<ToolRun> {
  const child = spawn(process.execPath, [`tools/${name}.ts`, ...args], {
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
