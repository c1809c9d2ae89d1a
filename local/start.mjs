// `npm start`. Plain JavaScript, so that a Node too old to run TypeScript gets as far as finding the right one.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);
const OLDEST = 24;
const root = path.join(path.dirname(here), '..');
const bundled = path.join(root, 'node_modules/.bin/node');

if (Number(process.versions.node.split('.')[0]) >= OLDEST) {
  // What Node stripped and compiled at one start it finds at the next, here as in the processes that are started.
  module.enableCompileCache(path.resolve(process.env.CACHE_DIR || '.cache', 'compiled'));
  await import('./main.ts');
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [here, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => process.exit(code ?? 1));
} else {
  process.stderr.write(
    `this is Node ${process.versions.node}: run npm ci, which brings Node ${OLDEST}, or install it\n`,
  );
  process.exit(1);
}
