import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../..');
const WORKFLOWS = path.join(root, 'workflows/index.ts');
const CONVERTER = path.join(root, 'workflows/incoming/payload-converter.ts');
const TRACING = path.join(root, 'workflows/tracing.ts');

/**
 * The workflows as one file for the worker's isolates, cached in `cacheFolder` until a source file changes. Bundling takes
 * 2 to 4 s, a cache hit a few milliseconds. Safe to call from several processes at once.
 */
export async function workflowBundle(cacheFolder: string): Promise<{ codePath: string }> {
  // Absolute, because the SDK finds the bundle's source map by it.
  const codePath = path.resolve(cacheFolder, `workflows-${await fingerprint()}.js`);
  if (!existsSync(codePath)) await store(codePath, await bundle());
  return { codePath };
}

async function bundle(): Promise<string> {
  // Loaded only for bundling: webpack alone takes half a second.
  const { DefaultLogger, bundleWorkflowCode } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    payloadConverterPath: CONVERTER,
    workflowInterceptorModules: [TRACING],
    // A thread evaluates its modules once, and not again for each workflow. So all workflows of a thread share what a module
    // declares at its top level: nothing there may change (test/platform/temporal/workflow-bundle.test.ts).
    preloadModules: [WORKFLOWS, CONVERTER, TRACING],
    logger: new DefaultLogger('WARN'),
  });
  return code;
}

/** Written to a temporary file and renamed, so that no process reads an incomplete bundle. */
async function store(codePath: string, code: string): Promise<void> {
  await mkdir(path.dirname(codePath), { recursive: true });
  const unfinished = `${codePath}.${randomUUID()}`;
  await writeFile(unfinished, code);
  await rename(unfinished, codePath);
}

/** Hashes every file that goes into the bundle; the lock file represents the packages. */
async function fingerprint(): Promise<string> {
  const folders = await Promise.all(['workflows', 'activities'].map(sources));
  const files = [...folders.flat(), path.join(root, 'package-lock.json'), import.meta.filename];
  const hash = createHash('sha256');
  for (const file of files)
    hash
      .update(path.relative(root, file))
      .update('\0')
      .update(await readFile(file))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

async function sources(folder: string): Promise<string[]> {
  const names = await readdir(path.join(root, folder), { recursive: true });
  return names
    .filter((name) => name.endsWith('.ts'))
    .toSorted()
    .map((name) => path.join(root, folder, name));
}
