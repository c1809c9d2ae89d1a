import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { ToolError } from '../../tools/command-line.ts';

const run = promisify(execFile);
const root = path.join(import.meta.dirname, '../..');

/** Folders with a lock file of their own: of the platform, and of the peers. */
const PACKAGES = ['.', 'bench'];

/** Another commit's files. */
export interface Checkout {
  folder: string;
  /** The commit's short id. */
  id: string;
}

/** Writes the files of a commit into a folder in `cache`, with its packages installed. */
export async function checkOut(commit: string, cache: string): Promise<Checkout> {
  const id = await shortId(commit);
  const folder = path.join(cache, 'base');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const archive = path.join(folder, 'files.tar');
  await run('git', ['archive', '--output', archive, id], { cwd: root });
  await run('tar', ['-xf', archive, '-C', folder]);
  rmSync(archive);
  for (const name of PACKAGES) await install(path.join(folder, name), path.join(root, name));
  return { folder, id };
}

async function shortId(commit: string): Promise<string> {
  try {
    const { stdout } = await run('git', ['rev-parse', '--short', '--verify', `${commit}^{commit}`], { cwd: root });
    return stdout.trim();
  } catch (cause) {
    throw new ToolError(`--base: there is no commit ${commit}`, { cause });
  }
}

/** Takes this checkout's packages where the versions are the same. */
async function install(folder: string, here: string): Promise<void> {
  const lockOf = (place: string) => readFileSync(path.join(place, 'package-lock.json'), 'utf8');
  if (lockOf(folder) === lockOf(here)) symlinkSync(path.join(here, 'node_modules'), path.join(folder, 'node_modules'));
  else await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder });
}
