import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { workflowBundle } from '../platform/temporal/workflow-bundle.ts';
import { type DatabaseName, DATABASES, SERVICES } from '../services/registry.ts';
import { OTHER_FOLDER } from './data-folder-version.ts';
import { type DataFolder, POSTGRES, postgresFolder, temporalFolder } from './data-folder.ts';
import { type RunningProcess, type SupervisedProcess, keepRunning } from './keep-running.ts';
import { type ProcessPlan, startNodeProcess } from './node-process.ts';
import { takePorts } from '../platform/ports.ts';
import { startPostgres } from './postgres.ts';
import {
  type Ports,
  type Surroundings,
  addressesOf,
  databaseUrl,
  portSetting,
  gatewayPlan,
  sandboxPlan,
  servicePlans,
} from './processes.ts';
import type { Progress } from './progress.ts';
import { explainDatabaseError } from '../platform/database/check.ts';
import { type DatabasePlan, checkVersion, provision } from '../platform/database/provision.ts';
import type { Secrets } from './secrets.ts';
import type { StartSettings } from './settings.ts';
import { findTemporal } from './temporal-binary.ts';
import { prepareNamespace } from './temporal-namespace.ts';
import { startTemporal } from './temporal.ts';

export interface PlatformOptions {
  settings: StartSettings;
  secrets: Secrets;
  folder: DataFolder;
  separate: boolean;
  environment: NodeJS.ProcessEnv;
  progress: Progress;
  /** Aborted when the user stops the platform. */
  signal: AbortSignal;
}

/** Addresses of a platform that is up. */
export interface RunningPlatform {
  ports: Ports;
  temporalAddress: string;
  temporalUiUrl: string | undefined;
}

type Layer = 'gateway' | 'services' | 'sandbox' | 'temporal' | 'postgres';
/** Callers before callees, so that no process calls one that has ended. */
const CLOSING_ORDER: readonly Layer[] = ['gateway', 'services', 'sandbox', 'temporal', 'postgres'];

/**
 * Everything that `npm start` runs. `start` starts it, in parallel where there are no dependencies; `close` stops
 * everything that is running, also after a failed start.
 */
export class LocalPlatform {
  readonly #options: PlatformOptions;
  readonly #running = new Map<Layer, SupervisedProcess<RunningProcess>[]>();
  readonly #failed = new AbortController();

  constructor(options: PlatformOptions) {
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#failed.signal]) };
  }

  async start(): Promise<RunningPlatform> {
    const { TEMPORAL_PORT, TEMPORAL_UI_PORT, POSTGRES_PORT, ...ports } = await this.#takePorts();
    // The data folder may be open to PostgreSQL's user, so the sandbox's files get a folder for their owner only.
    mkdirSync(path.join(this.#options.folder.path, 'sandbox'), { recursive: true, mode: 0o700 });
    const [temporal] = await this.#all([
      this.#startMain({ ports, postgres: POSTGRES_PORT, temporal: TEMPORAL_PORT, temporalUi: TEMPORAL_UI_PORT }),
      // Independent of the rest: nothing calls the sandbox before the first order.
      this.#startNode('sandbox', sandboxPlan({ ...this.#options, dataFolder: this.#options.folder.path, ports })),
    ]);
    const { existingTemporal, TEMPORAL_NAMESPACE } = this.#options.settings;
    const namespace = existingTemporal?.namespace ?? TEMPORAL_NAMESPACE;
    this.#options.folder.recordAddresses({
      ...addressesOf(ports),
      temporal: { address: temporal.address, namespace, own: !existingTemporal },
    });
    return { ports, temporalAddress: temporal.address, temporalUiUrl: temporal.uiUrl };
  }

  /** Starts the databases and Temporal, then the services and the gateway. */
  async #startMain(at: { ports: Ports; postgres: number; temporal: number; temporalUi: number }) {
    const { settings, progress, folder, separate } = this.#options;
    const [databaseUrls, temporal] = await this.#all([
      this.#startDatabases(at.postgres),
      this.#startTemporal(at.temporal, at.temporalUi),
      progress.step('workflow bundle', () => workflowBundle(settings.CACHE_DIR)),
    ]);
    const surroundings: Surroundings = {
      ...this.#options,
      ports: at.ports,
      dataFolder: folder.path,
      temporalAddress: temporal.address,
      databaseUrls,
    };
    await this.#all([
      ...servicePlans(surroundings, separate).map((plan) => this.#startNode('services', plan)),
      this.#startNode('gateway', gatewayPlan(surroundings)),
    ]);
    return temporal;
  }

  async close(): Promise<void> {
    for (const layer of CLOSING_ORDER) {
      await Promise.all((this.#running.get(layer) ?? []).map((supervised) => supervised.close()));
    }
  }

  /** Takes all ports before anything is started, so that a port in use is reported at once with its setting. */
  #takePorts() {
    const { settings } = this.#options;
    const servicePorts = Object.fromEntries(SERVICES.map((service) => [portSetting(service), 0])) as Record<
      ReturnType<typeof portSetting>,
      number
    >;
    return takePorts({
      PORT: settings.PORT,
      METRICS_PORT: settings.METRICS_PORT,
      PROCESSOR_PORT: settings.PROCESSOR_PORT,
      CARRIER_PORT: settings.CARRIER_PORT,
      POSTGRES_PORT: settings.DATABASE_URL ? 0 : settings.POSTGRES_PORT,
      TEMPORAL_PORT: settings.existingTemporal ? 0 : settings.TEMPORAL_PORT,
      TEMPORAL_UI_PORT: settings.existingTemporal ? 0 : settings.TEMPORAL_UI_PORT,
      ...servicePorts,
    });
  }

  async #startDatabases(port: number): Promise<Record<DatabaseName, string>> {
    const { settings, secrets, folder, progress } = this.#options;
    const superuserUrl = settings.DATABASE_URL ?? (await this.#startPostgres(postgresFolder(folder.path), port));
    const plans = Object.values(DATABASES);
    const urls = plans.map(
      ({ name }) => [name, databaseUrl(superuserUrl, name, secrets.databasePasswords[name])] as const,
    );
    const byName = Object.fromEntries(urls) as Record<DatabaseName, string>;
    const instead = settings.DATABASE_URL ? undefined : OTHER_FOLDER;
    const check = (plan: DatabasePlan<DatabaseName>) =>
      checkVersion(plan, { superuserUrl, serviceUrl: byName[plan.name], instead });
    try {
      await progress.step('databases', async () => {
        // All before the first is changed: a server with another version's databases is left as it was.
        await Promise.all(plans.map(check));
        await Promise.all(plans.map((plan) => provision(plan, superuserUrl, byName[plan.name])));
      });
    } catch (error) {
      throw settings.DATABASE_URL ? explainDatabaseError(error, 'DATABASE_URL') : error;
    }
    return byName;
  }

  async #startPostgres(folder: string, port: number): Promise<string> {
    const start = () => startPostgres({ folder, port, password: this.#options.secrets.postgresPassword });
    const supervised = await this.#supervise('postgres', POSTGRES, start, () => `127.0.0.1:${port}`);
    return supervised.current().url;
  }

  async #startTemporal(port: number, uiPort: number): Promise<{ address: string; uiUrl: string | undefined }> {
    const { settings, folder, environment, progress, signal } = this.#options;
    const { existingTemporal: existing, TEMPORAL_NAMESPACE: namespace } = settings;
    if (existing) {
      await progress.step(
        'Temporal',
        () => prepareNamespace(existing),
        () => existing.address,
      );
      return { address: existing.address, uiUrl: undefined };
    }
    const cache = path.resolve(settings.TEMPORAL_CACHE_DIR ?? settings.CACHE_DIR);
    const executable = await findTemporal(cache, environment, signal);
    const start = () => startTemporal({ executable, folder: temporalFolder(folder.path), port, uiPort, namespace });
    const supervised = await this.#supervise('temporal', 'Temporal', start, ({ address }) => address);
    return supervised.current();
  }

  #startNode(layer: Layer, plan: ProcessPlan): Promise<SupervisedProcess<RunningProcess>> {
    const { folder, signal } = this.#options;
    const start = () => startNodeProcess(plan, { logs: path.join(folder.path, 'logs'), signal });
    return this.#supervise(layer, plan.name, start);
  }

  async #supervise<Process extends RunningProcess>(
    layer: Layer,
    name: string,
    start: () => Promise<Process>,
    detail?: (running: Process) => string,
  ): Promise<SupervisedProcess<Process>> {
    const { progress, folder, signal } = this.#options;
    signal.throwIfAborted();
    const startAndRecord = async () => {
      const running = await start();
      folder.recordChild(name, running.pid);
      return running;
    };
    const supervised = await progress.step(
      name,
      () => keepRunning(name, startAndRecord, (line) => progress.print(line)),
      (supervised) => detail?.(supervised.current()) ?? '',
    );
    this.#running.set(layer, [...(this.#running.get(layer) ?? []), supervised]);
    return supervised;
  }

  /** Like Promise.all, but a failure cancels the others and waits for them, so that `close` stops what they started. */
  async #all<const Work extends readonly Promise<unknown>[]>(work: Work) {
    for (const promise of work) promise.catch((error: unknown) => this.#failed.abort(error));
    await Promise.allSettled(work);
    this.#failed.signal.throwIfAborted();
    return Promise.all(work);
  }
}
