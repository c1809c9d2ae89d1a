import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SettingError } from '../platform/config.ts';
import { loadDemoCatalogue } from './demo-catalogue.ts';
import { type DataFolder, folderComplaint, takeDataFolder } from './data-folder.ts';
import { boundLogs } from './logs.ts';
import { LocalPlatform, type Platform } from './platform.ts';
import { adminPassword } from './processes.ts';
import { type Progress, createProgress } from './progress.ts';
import { type Secrets, keepSecrets, notePasswordShown } from './secrets.ts';
import { type StartSettings, readArguments, readStartSettings } from './settings.ts';
import { welcome } from './welcome.ts';

const stopping = new AbortController();
// A terminal that was closed takes nothing any more; stopping goes on without it.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

/** `npm start`: runs everything on this machine until a signal ends it. Answers with the exit code. */
async function main(): Promise<number> {
  let settings: StartSettings | undefined;
  try {
    const { reset, separate } = readArguments(process.argv.slice(2));
    settings = readStartSettings(process.env);
    const folder = await takeDataFolder(settings.DATA_DIR, { reset });
    stopOnSignals(folder);
    return await run({ settings, separate, folder });
  } catch (error) {
    const complaint = settings && folderComplaint(error, path.resolve(settings.DATA_DIR));
    if (!complaint && !(error instanceof SettingError)) throw error;
    process.stderr.write(`${complaint ?? (error as SettingError).message}\n`);
    return 1;
  }
}

interface Start {
  settings: StartSettings;
  separate: boolean;
  folder: DataFolder;
}

async function run({ settings, separate, folder }: Start): Promise<number> {
  const progress = createProgress((text) => process.stdout.write(text));
  const logsBounded = boundLogs(path.join(folder.path, 'logs'));
  const secrets = await keepSecrets(folder.path);
  const { signal } = stopping;
  const environment = process.env;
  const platform = new LocalPlatform({ settings, secrets, folder, separate, environment, progress, signal });
  try {
    const running = await platform.start();
    await announce({ settings, folder }, { running, secrets, progress });
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    if (signal.aborted) progress.say('stopping');
    await platform.close();
    logsBounded();
    folder.release();
  }
  return 0;
}

interface Result {
  running: Platform;
  secrets: Secrets;
  progress: Progress;
}

async function announce(
  { settings, folder }: Omit<Start, 'separate'>,
  { running, secrets, progress }: Result,
): Promise<void> {
  const apiUrl = `http://127.0.0.1:${running.ports.PORT}`;
  await fillShop({ settings, folder, apiUrl, password: adminPassword(settings, secrets), progress });
  const isNew = !settings.ADMIN_PASSWORD && !secrets.adminPasswordShown;
  progress.say(
    welcome({
      apiUrl,
      metricsUrl: `http://127.0.0.1:${running.ports.METRICS_PORT}/metrics`,
      temporalUiUrl: running.temporalUiUrl,
      temporalAddress: running.temporalAddress,
      adminEmail: settings.ADMIN_EMAIL,
      newAdminPassword: isNew ? secrets.adminPassword : undefined,
      secretsFile: path.join(settings.DATA_DIR, 'secrets.json'),
      logs: path.join(settings.DATA_DIR, 'logs'),
    }),
  );
  if (isNew) notePasswordShown(folder.path, secrets);
  // Counted from the start of this process, so with the time it took to load itself.
  progress.say(`  up in ${(performance.now() / 1000).toFixed(1)} s: ${progress.phases()}`);
  progress.say(`ready ${apiUrl}`);
}

// With a low RATE_LIMIT_PER_MINUTE loading takes minutes: it then goes on behind a platform that is in use.
const SHOP_MS = 10_000;

async function fillShop({
  settings,
  folder,
  apiUrl,
  password,
  progress,
}: Omit<Start, 'separate'> & { apiUrl: string; password: string; progress: Progress }): Promise<void> {
  const shop = { apiUrl, adminEmail: settings.ADMIN_EMAIL, adminPassword: password, folder: folder.path };
  const loading = progress
    .step(
      'demo catalogue',
      () => loadDemoCatalogue({ ...shop, signal: stopping.signal }),
      (how) => how,
    )
    .catch((error: unknown) => {
      if (!stopping.signal.aborted) progress.say(`  no demo catalogue: ${String(error)}`);
    });
  await Promise.race([loading, sleep(SHOP_MS, undefined, { ref: false })]);
}

// On Ctrl-C the terminal signals us, and npm, signalled too, passes it on: two that come this close are one.
const ONE_SIGNAL_MS = 1_000;

const NPM_WATCH_MS = 500;

/** The first signal stops everything in order, the second at once. */
function stopOnSignals(folder: DataFolder): void {
  let firstAt: number | undefined;
  const stop = () => {
    firstAt ??= Date.now();
    stopping.abort();
    if (Date.now() - firstAt < ONE_SIGNAL_MS) return;
    folder.killChildren();
    folder.release();
    process.exit(1);
  };
  // SIGHUP: the terminal was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  stopWithoutNpm();
}

/** An npm that was killed outright passes no signal on: that it is gone has to be seen. */
function stopWithoutNpm(): void {
  if (process.env.npm_lifecycle_event !== 'start') return;
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    stopping.abort();
  }, NPM_WATCH_MS);
  watch.unref();
}

process.exit(await main());
