import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SettingError } from '../platform/config.ts';
import { loadDemoCatalogue } from './demo-catalogue.ts';
import { type DataFolder, explainFolderError, takeDataFolder } from './data-folder.ts';
import { helpText } from './help.ts';
import { rotateLogs } from './logs.ts';
import { LocalPlatform, type RunningPlatform } from './platform.ts';
import { addressesOf, adminPassword, isSecret, servicePorts } from './processes.ts';
import { type Progress, createProgress } from './progress.ts';
import { type Secrets, loadSecrets, recordPasswordShown } from './secrets.ts';
import { type StartSettings, UsageError, readArguments, readStartSettings } from './settings.ts';
import { welcomeText } from './welcome.ts';

const stopping = new AbortController();
// Writing to a closed terminal fails; the shutdown continues without it.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

/** `npm start`: runs everything on this machine until a signal ends it. Returns the exit code. */
async function main(): Promise<number> {
  const given = process.argv.slice(2);
  if (given.includes('--help')) {
    process.stdout.write(helpText());
    return 0;
  }
  let settings: StartSettings | undefined;
  try {
    const { reset, separate } = readArguments(given);
    const environment = takeEnvironment();
    settings = readStartSettings(environment);
    const folder = await takeDataFolder(settings.DATA_DIR, { reset });
    stopOnSignals(folder);
    return await run({ settings, separate, folder, environment });
  } catch (error) {
    const explanation = settings && explainFolderError(error, path.resolve(settings.DATA_DIR));
    if (!explanation && !(error instanceof SettingError)) throw error;
    process.stderr.write(`${explanation ?? (error as SettingError).message}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

interface Start {
  settings: StartSettings;
  separate: boolean;
  folder: DataFolder;
  environment: NodeJS.ProcessEnv;
}

/** PostgreSQL and Temporal inherit what is left of this process's environment, which is no secret. */
function takeEnvironment(): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const name of Object.keys(environment).filter(isSecret)) delete process.env[name];
  return environment;
}

async function run({ settings, separate, folder, environment }: Start): Promise<number> {
  const progress = createProgress((text) => process.stdout.write(text));
  const stopRotatingLogs = rotateLogs(path.join(folder.path, 'logs'));
  const secrets = await loadSecrets(folder.path);
  const { signal } = stopping;
  const platform = new LocalPlatform({ settings, secrets, folder, separate, environment, progress, signal });
  try {
    const running = await platform.start();
    await announce({ settings, folder }, { running, secrets, progress });
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    if (signal.aborted) progress.print('stopping');
    await platform.close();
    stopRotatingLogs();
    folder.release();
  }
  return 0;
}

interface Result {
  running: RunningPlatform;
  secrets: Secrets;
  progress: Progress;
}

async function announce(
  { settings, folder }: Pick<Start, 'settings' | 'folder'>,
  { running, secrets, progress }: Result,
): Promise<void> {
  const { api: apiUrl, processor: processorUrl, carrier: carrierUrl } = addressesOf(running.ports);
  await loadCatalogue({ settings, folder, apiUrl, password: adminPassword(settings, secrets), progress });
  const isNew = !settings.ADMIN_PASSWORD && !secrets.adminPasswordShown;
  progress.print(
    welcomeText({
      apiUrl,
      processorUrl,
      carrierUrl,
      metricsUrl: `http://127.0.0.1:${running.ports.METRICS_PORT}/metrics`,
      servicePorts: servicePorts(running.ports),
      temporalUiUrl: running.temporalUiUrl,
      temporalAddress: running.temporalAddress,
      adminEmail: settings.ADMIN_EMAIL,
      newAdminPassword: isNew ? secrets.adminPassword : undefined,
      secretsFile: path.join(settings.DATA_DIR, 'secrets.json'),
      logs: path.join(settings.DATA_DIR, 'logs'),
    }),
  );
  if (isNew) recordPasswordShown(folder.path, secrets);
  // Counted from the start of this process, so it includes loading its modules.
  progress.print(`  up in ${(performance.now() / 1000).toFixed(1)} s: ${progress.phases()}`);
  progress.print(`ready ${apiUrl}`);
}

// With a low RATE_LIMIT_PER_MINUTE loading takes minutes; it then continues in the background.
const CATALOGUE_WAIT_MS = 10_000;

async function loadCatalogue({
  settings,
  folder,
  apiUrl,
  password,
  progress,
}: Pick<Start, 'settings' | 'folder'> & { apiUrl: string; password: string; progress: Progress }): Promise<void> {
  const shop = { apiUrl, adminEmail: settings.ADMIN_EMAIL, adminPassword: password, folder: folder.path };
  const loading = progress
    .step(
      'demo catalogue',
      () => loadDemoCatalogue({ ...shop, signal: stopping.signal }),
      (result) => result,
    )
    .catch((error: unknown) => {
      if (!stopping.signal.aborted) progress.print(`  could not load the demo catalogue: ${String(error)}`);
    });
  await Promise.race([loading, sleep(CATALOGUE_WAIT_MS, undefined, { ref: false })]);
}

// On Ctrl-C the terminal signals both this process and npm, and npm forwards the signal: two this close count as one.
const SAME_SIGNAL_MS = 1_000;

const NPM_CHECK_MS = 500;

/** The first signal stops everything in order, the second kills everything at once. */
function stopOnSignals(folder: DataFolder): void {
  let firstAt: number | undefined;
  const stop = () => {
    firstAt ??= Date.now();
    stopping.abort();
    if (Date.now() - firstAt < SAME_SIGNAL_MS) return;
    folder.killChildren();
    folder.release();
    process.exit(1);
  };
  // SIGHUP: the terminal was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  stopWithoutNpm();
}

/** A killed npm forwards no signal, so this checks whether it is still the parent process. */
function stopWithoutNpm(): void {
  if (process.env.npm_lifecycle_event !== 'start') return;
  const npm = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === npm) return;
    clearInterval(watch);
    stopping.abort();
  }, NPM_CHECK_MS);
  watch.unref();
}

process.exit(await main());
