import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { workflowBundle } from '../platform/temporal/workflow-bundle.ts';
import { type DatabaseName, DATABASES, SERVICES } from '../services/registry.ts';
import { OTHER_FOLDER } from './data-folder-version.ts';
import { type DataFolder, POSTGRES, postgresFolder, temporalFolder } from './data-folder.ts';
import { type Kept, type Part, keepRunning } from './keep-running.ts';
import { type ProcessPlan, startNode } from './node-process.ts';
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
  /** Aborted when the person in front does not want it any more. */
  signal: AbortSignal;
}

export interface Platform {
  ports: Ports;
  temporalAddress: string;
  temporalUiUrl: string | undefined;
}

type Shelf = 'gateway' | 'services' | 'sandbox' | 'temporal' | 'postgres';
/** Callers before those they call, so that nothing is asked of what has gone. */
const CLOSING_ORDER: readonly Shelf[] = ['gateway', 'services', 'sandbox', 'temporal', 'postgres'];

/**
 * Everything that `npm start` runs. `start` brings it up, side by side where nothing waits for another;
 * `close` stops whatever runs by then, also after a start that failed half-way.
 */
export class LocalPlatform {
  readonly #options: PlatformOptions;
  readonly #running = new Map<Shelf, Kept<Part>[]>();

  readonly #failed = new AbortController();

  constructor(options: PlatformOptions) {
    this.#options = { ...options, signal: AbortSignal.any([options.signal, this.#failed.signal]) };
  }

  async start(): Promise<Platform> {
    const { TEMPORAL_PORT, TEMPORAL_UI_PORT, POSTGRES_PORT, ...ports } = await this.#takePorts();
    // The folder around may have to let PostgreSQL's user through: its files are for their owner only.
    mkdirSync(path.join(this.#options.folder.path, 'sandbox'), { recursive: true, mode: 0o700 });
    const [temporal] = await this.#allOf([
      this.#servers({ ports, postgres: POSTGRES_PORT, temporal: TEMPORAL_PORT, temporalUi: TEMPORAL_UI_PORT }),
      // Nobody asks the outside world for anything before the first order.
      this.#node('sandbox', sandboxPlan({ ...this.#options, dataFolder: this.#options.folder.path, ports })),
    ]);
    this.#options.folder.noteAddresses(addressesOf(ports));
    return { ports, temporalAddress: temporal.address, temporalUiUrl: temporal.uiUrl };
  }

  /** What is stood upon, then the services and the gateway on top of it. */
  async #servers(at: { ports: Ports; postgres: number; temporal: number; temporalUi: number }) {
    const { settings, progress, folder, separate } = this.#options;
    const [databaseUrls, temporal] = await this.#allOf([
      this.#databases(at.postgres),
      this.#temporal(at.temporal, at.temporalUi),
      progress.step('workflow bundle', () => workflowBundle(settings.CACHE_DIR)),
    ]);
    const surroundings: Surroundings = {
      ...this.#options,
      ports: at.ports,
      dataFolder: folder.path,
      temporalAddress: temporal.address,
      databaseUrls,
    };
    await this.#allOf([
      ...servicePlans(surroundings, separate).map((plan) => this.#node('services', plan)),
      this.#node('gateway', gatewayPlan(surroundings)),
    ]);
    return temporal;
  }

  async close(): Promise<void> {
    for (const shelf of CLOSING_ORDER) {
      await Promise.all((this.#running.get(shelf) ?? []).map((kept) => kept.close()));
    }
  }

  /** All of them before anything is started: a port that is taken is told at once, by its setting's name. */
  #takePorts() {
    const { settings } = this.#options;
    const doors = Object.fromEntries(SERVICES.map((service) => [portSetting(service), 0])) as Record<
      ReturnType<typeof portSetting>,
      number
    >;
    return takePorts({
      PORT: settings.PORT,
      METRICS_PORT: settings.METRICS_PORT,
      PROCESSOR_PORT: settings.PROCESSOR_PORT,
      CARRIER_PORT: settings.CARRIER_PORT,
      POSTGRES_PORT: settings.DATABASE_URL ? 0 : settings.POSTGRES_PORT,
      TEMPORAL_PORT: settings.TEMPORAL_ADDRESS ? 0 : settings.TEMPORAL_PORT,
      TEMPORAL_UI_PORT: settings.TEMPORAL_ADDRESS ? 0 : settings.TEMPORAL_UI_PORT,
      ...doors,
    });
  }

  async #databases(port: number): Promise<Record<DatabaseName, string>> {
    const { settings, secrets, folder, progress } = this.#options;
    const superuserUrl = settings.DATABASE_URL ?? (await this.#postgres(postgresFolder(folder.path), port));
    const plans = Object.values(DATABASES);
    const urls = plans.map(
      ({ name }) => [name, databaseUrl(superuserUrl, name, secrets.databasePasswords[name])] as const,
    );
    const byName = Object.fromEntries(urls) as Record<DatabaseName, string>;
    const instead = settings.DATABASE_URL ? undefined : OTHER_FOLDER;
    const check = (plan: DatabasePlan<DatabaseName>) =>
      checkVersion(plan, { superuserUrl, serviceUrl: byName[plan.name], instead });
    await progress.step('databases', async () => {
      // All before the first is changed: a server with another version's databases is left as it was.
      await Promise.all(plans.map(check));
      await Promise.all(plans.map((plan) => provision(plan, superuserUrl, byName[plan.name])));
    });
    return byName;
  }

  async #postgres(folder: string, port: number): Promise<string> {
    const start = () => startPostgres({ folder, port, password: this.#options.secrets.postgresPassword });
    const kept = await this.#keep('postgres', POSTGRES, start, () => `127.0.0.1:${port}`);
    return kept.current().url;
  }

  async #temporal(port: number, uiPort: number): Promise<{ address: string; uiUrl: string | undefined }> {
    const { settings, folder, environment, progress, signal } = this.#options;
    const namespace = settings.TEMPORAL_NAMESPACE;
    if (settings.TEMPORAL_ADDRESS) {
      const address = settings.TEMPORAL_ADDRESS;
      await progress.step(
        'Temporal',
        () => prepareNamespace({ address, namespace }),
        () => address,
      );
      return { address, uiUrl: undefined };
    }
    const cache = path.resolve(settings.TEMPORAL_CACHE_DIR ?? settings.CACHE_DIR);
    const executable = await findTemporal(cache, environment, signal);
    const start = () => startTemporal({ executable, folder: temporalFolder(folder.path), port, uiPort, namespace });
    const kept = await this.#keep('temporal', 'Temporal', start, ({ address }) => address);
    return kept.current();
  }

  #node(shelf: Shelf, plan: ProcessPlan): Promise<Kept<Part>> {
    const { folder, signal } = this.#options;
    const start = () => startNode(plan, { logs: path.join(folder.path, 'logs'), signal });
    return this.#keep(shelf, plan.name, start);
  }

  async #keep<Running extends Part>(
    shelf: Shelf,
    name: string,
    start: () => Promise<Running>,
    detail?: (running: Running) => string,
  ): Promise<Kept<Running>> {
    const { progress, folder, signal } = this.#options;
    signal.throwIfAborted();
    const noted = async () => {
      const running = await start();
      folder.noteChild(name, running.pid);
      return running;
    };
    const kept = await progress.step(
      name,
      () => keepRunning(name, noted, (line) => progress.say(line)),
      (kept) => detail?.(kept.current()) ?? '',
    );
    this.#running.set(shelf, [...(this.#running.get(shelf) ?? []), kept]);
    return kept;
  }

  /** Like Promise.all, but a failure calls the others off and waits for them: what they started can then be closed. */
  async #allOf<const Work extends readonly Promise<unknown>[]>(work: Work) {
    for (const one of work) one.catch((error: unknown) => this.#failed.abort(error));
    await Promise.allSettled(work);
    this.#failed.signal.throwIfAborted();
    return Promise.all(work);
  }
}
