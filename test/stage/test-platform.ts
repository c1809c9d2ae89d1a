import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { takePorts } from '../../platform/ports.ts';
import { eventually } from './eventually.ts';
import { afterFile, scratchFolder } from './test-run.ts';
import { type Process, killOutright, processesMarked, untilGone } from './processes.ts';

export const root = path.join(import.meta.dirname, '../..');
export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery' };

const NO_PORTS = {
  PORT: 0,
  METRICS_PORT: 0,
  TEMPORAL_PORT: 0,
  TEMPORAL_UI_PORT: 0,
  POSTGRES_PORT: 0,
  PROCESSOR_PORT: 0,
  CARRIER_PORT: 0,
};

// A start takes 8 s on two idle cores; a machine on which others test at the same time needs many times that.
const READY_MS = 180_000;
// What a process has under way it may finish within 20 s, and three of them end one after the other.
const STOP_MS = 90_000;
// The processes of PostgreSQL end when they notice that their parent has.
const GONE_MS = 10_000;
const LOOK_EVERY_MS = 50;

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Start {
  /** What to run; `npm start` without the npm where absent. */
  command?: readonly [string, ...string[]];
  /** On top of free ports, a data folder of its own and an admin. */
  settings?: Readonly<Record<string, string>>;
}

/** What the supervisor calls one of its processes, and what stands in its command line. */
export interface Part {
  name: string;
  command: string;
}

const SUPERVISOR = 'local/';
// Where loading the demo catalogue takes longer than 10 s it goes on behind a platform that is ready.
const UP = [/^ready /m, /^ {2}demo catalogue /m];

/** A platform as a person has it: one command, its settings and what it prints. The tests know no more of it. */
export class Platform {
  readonly #start: Start;
  /** In the environment of everything that this platform starts, so that none of it can hide. */
  readonly #marker = `SYSTEM_TEST_RUN=${randomUUID()}`;
  #settings: Readonly<Record<string, string>> = {};
  #child: ChildProcess | undefined;
  #ended: Promise<Ended> | undefined;
  #stdout = '';
  #stderr = '';

  constructor(start: Start = {}) {
    this.#start = start;
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

  /** As it was given to the last start. */
  setting(name: string): string {
    return this.#settings[name] ?? assert.fail(`${name} is not set: the platform was not started`);
  }

  /** One service's database as PostgreSQL's superuser, for doing what no service may. */
  ownerUrl(service: string): string {
    const secrets = JSON.parse(readFileSync(path.join(this.setting('DATA_DIR'), 'secrets.json'), 'utf8')) as {
      postgresPassword: string;
    };
    const who = `postgres:${secrets.postgresPassword}`;
    return `postgres://${who}@127.0.0.1:${this.setting('POSTGRES_PORT')}/order_platform_${service}`;
  }

  /** Runs the command until it is ready and has its goods; again, with the settings of the first time. */
  async start(): Promise<void> {
    await this.#launch();
    const early = this.#ended!.then(({ code }) => assert.fail(`it ended with ${code} instead:\n${this.#said()}`));
    const ready = eventually(() => UP.forEach((words) => this.#mustHaveSaid(words)), READY_MS, LOOK_EVERY_MS);
    // Whichever comes second has no one who listens.
    for (const one of [early, ready]) one.catch(() => undefined);
    await Promise.race([ready, early]).catch(async (error: unknown) => {
      await this.killOutright();
      throw error;
    });
  }

  /** Runs the command until it ends by itself, and sees that nothing stays behind. */
  async startInVain(): Promise<Ended> {
    await this.#launch();
    const ended = await this.#ended!;
    await untilGone(this.processes(), 0);
    return ended;
  }

  /** Ctrl-C: everything that runs by then must be gone when the command has ended. */
  async stop(): Promise<void> {
    if (this.#child!.exitCode !== null) return assert.fail(`it does not run:\n${this.#said()}`);
    const running = this.processes();
    this.#child!.kill('SIGINT');
    const { code } = await this.#ended!;
    assert.equal(code, 0, this.#said());
    await untilGone(running, 0);
    await untilGone(this.processes(), 0);
  }

  /** `kill -9` of every process at once. */
  async killOutright(): Promise<void> {
    // The supervisor goes first, so that it cannot start anything again.
    const running = this.processes().toSorted((one) => (one.command.includes(SUPERVISOR) ? -1 : 0));
    killOutright(running);
    await this.#ended;
    await untilGone(running, GONE_MS);
  }

  /** `kill -9` of one process; comes back when the supervisor has another one running in its place. */
  async killPart({ name, command }: Part): Promise<void> {
    const before = this.#stdout.length;
    killOutright([this.process(command)]);
    const back = () => this.#mustHaveSaid(new RegExp(`^${name} runs again$`, 'm'), before);
    await eventually(back, READY_MS, LOOK_EVERY_MS);
  }

  /** `kill -9` of the process that watches over the others; they are left to themselves. */
  async killSupervisor(): Promise<void> {
    killOutright([this.process(SUPERVISOR)]);
    await this.#ended;
  }

  processes(): Process[] {
    return processesMarked(this.#marker);
  }

  /**
   * The one process of this platform whose command line has `words` in it. One that it has just forked, as PostgreSQL
   * does for a connection, has its command line until it takes its own.
   */
  process(words: string): Process {
    const named = this.processes().filter(({ command }) => command.includes(words));
    const found = named.filter(({ parent }) => !named.some(({ pid }) => pid === parent));
    assert.equal(found.length, 1, `${found.length} processes are ${words}`);
    return found[0]!;
  }

  async #launch(): Promise<void> {
    if (!('PORT' in this.#settings)) this.#settings = { ...(await ownSettings()), ...this.#start.settings };
    const [program, ...given] = this.#start.command ?? [process.execPath, 'local/start.mjs'];
    const [name, value] = this.#marker.split('=') as [string, string];
    const child = spawn(program, given, {
      cwd: root,
      env: { ...process.env, ...NOBODY_ELSES, ...this.#settings, [name]: value },
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

  #mustHaveSaid(words: RegExp, since = 0): void {
    assert.match(this.#stdout.slice(since), words, this.#said());
  }

  #said(): string {
    return `${this.#stdout}${this.#stderr}`;
  }
}

/** Set on the machine that tests, these would lead to a server of somebody else's. */
const NOBODY_ELSES = { DATABASE_URL: '', TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '', CARRIER_PACE_SECONDS: '' };

async function ownSettings(): Promise<Record<string, string>> {
  const scratch = scratchFolder();
  // As root PostgreSQL runs as a user of its own, who has to pass through here.
  chmodSync(scratch, 0o711);
  const ports = await takePorts(NO_PORTS);
  return {
    ...Object.fromEntries(Object.entries(ports).map(([setting, port]) => [setting, String(port)])),
    DATA_DIR: path.join(scratch, `platform-${randomUUID().slice(0, 8)}`),
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    RATE_LIMIT_PER_MINUTE: '1000000',
    // What customers' systems are told goes no further than this machine.
    WEBHOOK_ALLOW_PRIVATE: 'true',
  };
}

let users = 0;
let shared: Platform | undefined;
let started: Promise<void> | undefined;
let stopped: Promise<void> | undefined;

/**
 * One platform for all files that ask, since a start takes 8 s: call it in `describe`. It starts before the first of
 * their tests and is stopped after the last. Each leaves it running, and its ledgers in agreement.
 */
export function sharedPlatform(settings: Readonly<Record<string, string>> = {}): Platform {
  users += 1;
  const platform = (shared ??= new Platform({ settings }));
  const stop = () => (stopped ??= platform.stop());
  before(async function () {
    this.timeout(READY_MS + STOP_MS);
    // Where tests are picked by name the last of the files may not come.
    started ??= platform.start().then(() => afterFile(() => platform.killOutright()));
    await started;
  });
  after(async function () {
    this.timeout(READY_MS + STOP_MS);
    users -= 1;
    if (users === 0) await stop();
  });
  return platform;
}
