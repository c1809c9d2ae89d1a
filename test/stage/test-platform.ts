import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Secrets } from '../../local/secrets.ts';
import { freePorts } from './free-ports.ts';
import { eventually } from './eventually.ts';
import { afterFile, scratchFolder } from './test-run.ts';
import { type Process, killProcesses, processesMarked, untilGone } from './processes.ts';

export const root = path.join(import.meta.dirname, '../..');
export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };

const PORT_SETTINGS = [
  'PORT',
  'METRICS_PORT',
  'TEMPORAL_PORT',
  'TEMPORAL_UI_PORT',
  'POSTGRES_PORT',
  'PROCESSOR_PORT',
  'CARRIER_PORT',
];

// A start takes 8 s on two idle cores, and many times as long on a busy machine.
const READY_MS = 180_000;
// A process may take 20 s to finish its work, and three groups of processes end one after the other.
const STOP_MS = 90_000;
// PostgreSQL's child processes end when they notice that their parent has ended.
const GONE_MS = 10_000;
const POLL_MS = 50;

export interface ProcessResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface PlatformOptions {
  /** The command to run; by default the one behind `npm start`. */
  command?: readonly [string, ...string[]];
  /** In addition to free ports, a new data folder and an admin. */
  settings?: Readonly<Record<string, string>>;
}

export interface PlatformProcess {
  /** The supervisor's name for it. */
  name: string;
  /** A part of its command line. */
  command: string;
}

const SUPERVISOR = 'local/';
// The platform may be ready before the demo catalogue is loaded, so the tests wait for both.
const READY_OUTPUT = [/^ready /m, /^ {2}demo catalogue /m];

/** A platform as its operator sees it: a command, its settings and its output. Tests use nothing else of it. */
export class Platform {
  readonly #options: PlatformOptions;
  /** In the environment of every process that this platform starts, so that all of them can be found. */
  readonly #marker = `SYSTEM_TEST_RUN=${randomUUID()}`;
  #settings: Readonly<Record<string, string>> = {};
  #child: ChildProcess | undefined;
  #ended: Promise<ProcessResult> | undefined;
  #stdout = '';
  #stderr = '';

  constructor(options: PlatformOptions = {}) {
    this.#options = options;
  }

  get api(): string {
    return `http://127.0.0.1:${this.setting('PORT')}`;
  }

  get processor(): string {
    return `http://127.0.0.1:${this.setting('PROCESSOR_PORT')}`;
  }

  get carrier(): string {
    return `http://127.0.0.1:${this.setting('CARRIER_PORT')}`;
  }

  /** The value that the last start was given. */
  setting(name: string): string {
    return this.#settings[name] ?? assert.fail(`no setting ${name}: has the platform been started?`);
  }

  /** A service's database as PostgreSQL's superuser, for changes that no service may make. */
  ownerUrl(service: string): string {
    const user = `postgres:${this.#secrets().postgresPassword}`;
    return `postgres://${user}@127.0.0.1:${this.setting('POSTGRES_PORT')}/order_platform_${service}`;
  }

  /** With it the carrier signs its callbacks. */
  get carrierSecret(): string {
    return this.#secrets().carrierCallbackSecret;
  }

  #secrets(): Secrets {
    return JSON.parse(readFileSync(path.join(this.setting('DATA_DIR'), 'secrets.json'), 'utf8')) as Secrets;
  }

  /**
   * Runs the command and waits until it is ready with its products. `known` are settings that are known only now. A restart
   * uses the settings of the first start.
   */
  async start(known: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.#launch(known);
    const early = this.#ended!.then(({ code }) =>
      assert.fail(`the platform ended with exit code ${code}:\n${this.#output()}`),
    );
    const ready = eventually(() => READY_OUTPUT.forEach((pattern) => this.#expectOutput(pattern)), READY_MS, POLL_MS);
    // The promise that loses the race would otherwise be an unhandled rejection.
    for (const one of [early, ready]) one.catch(() => undefined);
    await Promise.race([ready, early]).catch(async (error: unknown) => {
      await this.killAll();
      throw error;
    });
  }

  /** Runs the command until it ends by itself, and checks that it leaves no process behind. */
  async runUntilExit(): Promise<ProcessResult> {
    await this.#launch();
    const ended = await this.#ended!;
    await untilGone(this.processes(), 0);
    return ended;
  }

  /** Ctrl-C. When the command has ended, none of its processes may still run. */
  async stop(): Promise<void> {
    if (this.#child!.exitCode !== null) return assert.fail(`the platform is not running:\n${this.#output()}`);
    const running = this.processes();
    this.#child!.kill('SIGINT');
    const { code } = await this.#ended!;
    assert.equal(code, 0, this.#output());
    await untilGone(running, 0);
    await untilGone(this.processes(), 0);
  }

  /** `kill -9` of every process at once. */
  async killAll(): Promise<void> {
    // The supervisor comes first, so that it cannot restart the others.
    const running = this.processes().toSorted((one) => (one.command.includes(SUPERVISOR) ? -1 : 0));
    killProcesses(running);
    await this.#ended;
    await untilGone(running, GONE_MS);
  }

  /** `kill -9` of one process. Resolves when the supervisor has restarted it. */
  async killProcess({ name, command }: PlatformProcess): Promise<void> {
    const before = this.#stdout.length;
    killProcesses([this.process(command)]);
    const restarted = () => this.#expectOutput(new RegExp(`^${name} runs again$`, 'm'), before);
    await eventually(restarted, READY_MS, POLL_MS);
  }

  /** `kill -9` of the supervisor alone. */
  async killSupervisor(): Promise<void> {
    killProcesses([this.process(SUPERVISOR)]);
    await this.#ended;
  }

  processes(): Process[] {
    return processesMarked(this.#marker);
  }

  /**
   * The one process of this platform whose command line contains `text`. A child that it has just forked, as PostgreSQL
   * does for a connection, has the same command line for a moment and is ignored.
   */
  process(text: string): Process {
    const named = this.processes().filter(({ command }) => command.includes(text));
    const found = named.filter(({ parent }) => !named.some(({ pid }) => pid === parent));
    assert.equal(found.length, 1, `${found.length} processes have ${text} in their command line`);
    return found[0]!;
  }

  async #launch(known: Readonly<Record<string, string>> = {}): Promise<void> {
    if (!('PORT' in this.#settings)) this.#settings = { ...(await ownSettings()), ...this.#options.settings, ...known };
    const [program, ...given] = this.#options.command ?? [process.execPath, 'local/start.mjs'];
    const [name, value] = this.#marker.split('=') as [string, string];
    const child = spawn(program, given, {
      cwd: root,
      env: { ...process.env, ...NO_OTHER_SERVERS, ...this.#settings, [name]: value },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#stdout = this.#stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  #expectOutput(pattern: RegExp, since = 0): void {
    assert.match(this.#stdout.slice(since), pattern, this.#output());
  }

  #output(): string {
    return `${this.#stdout}${this.#stderr}`;
  }
}

/** If these were set on the test machine, the platform would use other servers than its own. */
const NO_OTHER_SERVERS = { DATABASE_URL: '', TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '', CARRIER_PACE_SECONDS: '' };

async function ownSettings(): Promise<Record<string, string>> {
  const scratch = scratchFolder();
  // When started as root, PostgreSQL runs as another user, which needs access to this folder.
  chmodSync(scratch, 0o711);
  const ports = await freePorts(...PORT_SETTINGS);
  return {
    ...Object.fromEntries(Object.entries(ports).map(([setting, port]) => [setting, String(port)])),
    DATA_DIR: path.join(scratch, `platform-${randomUUID().slice(0, 8)}`),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_PER_MINUTE: '1000000',
    // Tests that break the books compare them themselves.
    RECONCILE_EVERY_MINUTES: '10080',
    // The tests receive webhooks on this machine.
    WEBHOOK_ALLOW_PRIVATE: 'true',
  };
}

let users = 0;
let shared: Platform | undefined;
let started: Promise<void> | undefined;
let stopped: Promise<void> | undefined;

/**
 * One platform for all files that call this in `describe`, since a start takes 8 s. It starts before the first of their
 * tests and stops after the last. Each file leaves it running and its ledgers in agreement.
 */
export function sharedPlatform(settings: Readonly<Record<string, string>> = {}): Platform {
  users += 1;
  const platform = (shared ??= new Platform({ settings }));
  const stop = () => (stopped ??= platform.stop());
  before(async function () {
    this.timeout(READY_MS + STOP_MS);
    // If tests are selected by name, the last file may not run.
    started ??= platform.start().then(() => afterFile(() => platform.killAll()));
    await started;
  });
  after(async function () {
    this.timeout(READY_MS + STOP_MS);
    users -= 1;
    if (users === 0) await stop();
  });
  return platform;
}
