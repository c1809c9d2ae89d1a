import { setTimeout as sleep } from 'node:timers/promises';
import { ToolError } from '../../tools/command-line.ts';
import { type Ended, attempt, run } from './commands.ts';

export interface ComposeOptions {
  project: string;
  /** The checkout, with docker-compose.yml. */
  folder: string;
  /** The file with the settings. */
  settings: string;
}

/** A container, as the engine knows it. */
export interface Container {
  id: string;
  /** Its service in docker-compose.yml. */
  service: string;
  state: string;
  /** `healthy`, `unhealthy` or `starting`; empty where the service has no health check. */
  health: string;
  exitCode: number;
  restarts: number;
  environment: string[];
}

interface Inspected {
  Id: string;
  RestartCount: number;
  State: { Status: string; ExitCode: number; Health?: { Status: string } };
  Config: { Env: string[]; Labels: Record<string, string> };
}

const READY_MS = 300_000;
const POLL_MS = 500;

/** One project of `docker compose`. */
export class Compose {
  readonly #args: readonly string[];
  readonly #options: ComposeOptions;

  constructor(options: ComposeOptions) {
    this.#options = options;
    this.#args = ['compose', '--project-name', options.project, '--env-file', options.settings];
  }

  /** Runs a command of `docker compose`. */
  run(...args: string[]): Promise<string> {
    return run('docker', [...this.#args, ...args], this.#where);
  }

  /** The same, whatever its exit code. */
  attempt(...args: string[]): Promise<Ended> {
    return attempt('docker', [...this.#args, ...args], this.#where);
  }

  /** Starts what does not run, and waits until everything is healthy and each job has ended well. */
  async up(...args: string[]): Promise<void> {
    await this.run('up', '--detach', '--no-build', ...args);
    await this.ready();
  }

  async ready(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const waiting = (await this.containers()).filter((container) => !isReady(container));
      if (waiting.length === 0) return;
      if (Date.now() > deadline) {
        const states = waiting.map(({ service, state, health, exitCode }) => {
          const detail = state === 'exited' ? `with ${exitCode}` : health;
          return `${service} (${state} ${detail})`;
        });
        throw new ToolError(`not ready after ${READY_MS / 1000} s: ${states.join(', ')}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** Every container of the project, ended ones too. */
  async containers(): Promise<Container[]> {
    const ids = (await this.run('ps', '--all', '--quiet')).split('\n').filter(Boolean);
    if (ids.length === 0) throw new ToolError('the project has no containers');
    const inspected = JSON.parse(await run('docker', ['inspect', ...ids])) as Inspected[];
    return inspected.map(({ Id, RestartCount, State, Config }) => ({
      id: Id,
      service: Config.Labels['com.docker.compose.service']!,
      state: State.Status,
      health: State.Health?.Status ?? '',
      exitCode: State.ExitCode,
      restarts: RestartCount,
      environment: Config.Env,
    }));
  }

  async containersOf(service: string): Promise<Container[]> {
    return (await this.containers()).filter((container) => container.service === service);
  }

  get #where() {
    // A setting of the caller's shell would override the file's.
    const { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG, DOCKER_CONTEXT, DOCKER_CERT_PATH, DOCKER_TLS_VERIFY } = process.env;
    const engine = { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG, DOCKER_CONTEXT, DOCKER_CERT_PATH, DOCKER_TLS_VERIFY };
    return { cwd: this.#options.folder, env: engine };
  }
}

/** A job is ready when it has ended well; any other container when it runs and, where it is checked, is healthy. */
const isReady = ({ state, health, exitCode }: Container): boolean =>
  state === 'running' ? health === '' || health === 'healthy' : state === 'exited' && exitCode === 0;

/** Runs a shell command in a container. */
export const inContainer = ({ id }: Container, command: string): Promise<string> =>
  run('docker', ['exec', id, 'sh', '-c', command]);

/** Ends the program of a container with SIGKILL, as a crash would; the engine then restarts the container. */
export async function kill(container: Container): Promise<void> {
  // Process 1 is the engine's init, and its child the program.
  await inContainer(container, 'kill -9 $(cat /proc/1/task/1/children)');
}
