// `npm start`. Plain JavaScript, so that a Node too old for TypeScript can still find and run the right version.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TOO_OLD, isNewEnough } from './node-version.mjs';

const here = fileURLToPath(import.meta.url);
const root = path.join(path.dirname(here), '..');
const bundled = path.join(root, 'node_modules/.bin/node');

if (isNewEnough(process.versions.node)) {
  // Caches stripped and compiled code for the next start, here and in the child processes.
  module.enableCompileCache(path.resolve(process.env.CACHE_DIR || '.cache', 'compiled'));
  await import('./main.ts');
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [here, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
} else {
  process.stderr.write(TOO_OLD);
  process.exit(1);
}
