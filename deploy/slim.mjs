// `node deploy/slim.mjs`, in the image after the workflows are bundled: deletes from node_modules what no process loads.
import { globSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import bridge from '@temporalio/core-bridge/common.js';

const root = fileURLToPath(new URL('..', import.meta.url));
if (globSync('.cache/workflows-*.js', { cwd: root }).length === 0) {
  process.stderr.write('bundle the workflows first: what bundles them would be deleted\n');
  process.exit(1);
}

// The SDK's compiled library comes for five platforms.
const library = path.dirname(bridge.getPrebuiltPath());
const releases = path.dirname(library);
for (const name of readdirSync(releases)) {
  if (name !== path.basename(library)) rmSync(path.join(releases, name), { recursive: true });
}

const UNUSED = [
  // The image has a Node of its own.
  'node-linux-*',
  // The source code of that library.
  '@temporalio/core-bridge/sdk-core',
  // What webpack loads only to bundle workflows. The worker loads webpack itself.
  '@swc',
  'swc-loader',
  'terser',
  'caniuse-lite',
  // For compilers and debuggers.
  '**/*.d.{ts,cts,mts}',
  '**/*.map',
];
const packages = path.join(root, 'node_modules');
for (const file of globSync(UNUSED, { cwd: packages })) {
  rmSync(path.join(packages, file), { recursive: true, force: true });
}
