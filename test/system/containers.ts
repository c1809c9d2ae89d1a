import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { bareEnvironment } from '../stage/bare-environment.ts';
import { freePorts } from '../stage/free-ports.ts';
import { eventually } from '../stage/eventually.ts';
import { root } from '../stage/test-platform.ts';

interface Container {
  image: string;
  command: string[];
  environment: Record<string, string>;
}

interface Running {
  child: ChildProcess;
  ended: Promise<number | string>;
}

/** As the YAML file has it. */
type ComposeService = Omit<Container, 'environment'> & { environment?: Record<string, string | number> };

interface ContainersOptions {
  settings: Readonly<Record<string, string>>;
  /** host:port of the servers, which the caller starts. */
  postgres: string;
  temporal: string;
  /** The folder of the volumes. */
  folder: string;
}

const JOBS = new Set(['migrate', 'reconcile']);
const READY_MS = 120_000;
const POLL_MS = 200;
// `stop_grace_period`
const GRACE_MS = 25_000;

/**
 * The platform's own processes of `docker compose up`, without containers: each has its command, only its own settings,
 * and a free port.
 */
export class Containers {
  readonly #all: Readonly<Record<string, Container>>;
  readonly #folder: string;
  readonly #running = new Map<string, Running>();

  private constructor(all: Record<string, Container>, folder: string) {
    this.#all = all;
    this.#folder = folder;
  }

  static async of({ settings, postgres, temporal, folder }: ContainersOptions): Promise<Containers> {
    let text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8')
      .replaceAll('@postgres:5432/', `@${postgres}/`)
      .replaceAll('temporal:7233', temporal)
      .replaceAll('/app/', `${root}/`)
      .replaceAll(' /data', ` ${folder}`);
    const composePorts = [...new Set(text.match(/(?<=PORT: )\d+/g))];
    const free = await freePorts(...composePorts);
    for (const port of composePorts) {
      text = text
        .replaceAll(new RegExp(`//[\\w.]+:${port}\\b`, 'g'), `//127.0.0.1:${free[port]}`)
        .replaceAll(new RegExp(`PORT: ${port}\\b`, 'g'), `PORT: ${free[port]}`);
    }
    const { services } = parse(text, { merge: true, maxAliasCount: -1 }) as {
      services: Record<string, ComposeService>;
    };
    const containers = Object.entries(services).map(([name, { image, command, environment = {} }]) => {
      const settingsOf = Object.entries(environment).map(([setting, value]) => [
        setting,
        interpolate(String(value), settings),
      ]);
      return [name, { image, command, environment: Object.fromEntries(settingsOf) as Record<string, string> }] as const;
    });
    mkdirSync(folder, { recursive: true });
    return new Containers(Object.fromEntries(containers), folder);
  }

  /** The containers of the platform's image, except those that do a job and end. */
  get names(): string[] {
    return Object.keys(this.#all).filter((name) => this.#all[name]!.image === 'order-platform' && !JOBS.has(name));
  }

  setting(container: string, name: string): string {
    return this.#all[container]!.environment[name] ?? assert.fail(`${container} has no ${name}`);
  }

  /** Starts all containers; resolves when each is healthy. */
  async start(): Promise<void> {
    await this.runJob('migrate');
    const started = this.names.map((name) => [name, this.#start(name)] as const);
    for (const [name, { child }] of started) {
      await eventually<unknown>(() => hasEnded(child) || this.#checkHealth(name), READY_MS, POLL_MS);
      assert.ok(!hasEnded(child), this.#output(name));
    }
  }

  /** Runs a container that does a job, which must end well. Returns what it printed. */
  async runJob(name: string): Promise<string> {
    assert.equal(await this.#start(name).ended, 0, this.#output(name));
    return this.#output(name);
  }

  /** Stops all as `docker compose stop` does. Returns the exit code of each, or the signal that ended it. */
  async stop(): Promise<Record<string, number | string>> {
    const ending = [...this.#running].map(async ([name, { child, ended }]) => {
      if (!hasEnded(child)) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      const result = await ended;
      clearTimeout(late);
      return [name, result] as const;
    });
    return Object.fromEntries(await Promise.all(ending));
  }

  #output(name: string): string {
    return `${name}:\n${readFileSync(this.#logFile(name), 'utf8')}`;
  }

  #start(name: string): Running {
    const log = openSync(this.#logFile(name), 'w');
    const [program, ...args] = this.#all[name]!.command;
    assert.equal(program, 'node');
    const child = spawn(process.execPath, args, { ...this.#spawnOptions(name), stdio: ['ignore', log, log] });
    closeSync(log);
    const ended = once(child, 'exit').then(([code, signal]: (number | string)[]) => code ?? signal!);
    const running = { child, ended };
    this.#running.set(name, running);
    return running;
  }

  /** Runs the image's HEALTHCHECK; rejects if the process is unhealthy. */
  async #checkHealth(name: string): Promise<void> {
    await promisify(execFile)(process.execPath, ['deploy/healthy.mjs'], this.#spawnOptions(name));
  }

  #spawnOptions(name: string) {
    const image = { ...bareEnvironment(), NODE_ENV: 'production', CACHE_DIR: path.join(root, '.cache') };
    return { cwd: root, env: { ...image, ...this.#all[name]!.environment } };
  }

  #logFile(name: string): string {
    return path.join(this.#folder, `${name}.log`);
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** Replaces `${NAME:?…}` and `${NAME:-default}`. An empty setting counts as missing. */
const interpolate = (value: string, settings: Readonly<Record<string, string>>): string =>
  value.replaceAll(
    /\$\{(\w+)(?::\?[^}]*|:-([^}]*))\}/g,
    (_match, name: string, defaultValue = '') => settings[name] || defaultValue,
  );

/** The settings that `node deploy/make-env.mjs > .env` gives to Compose, which removes the quotes. */
export function generatedSettings(): Record<string, string> {
  const output = execFileSync(process.execPath, ['deploy/make-env.mjs'], { cwd: root, encoding: 'utf8' });
  const lines = [...output.matchAll(/^(\w+)=(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name, value]) => [name!, value!.replace(/^'(.*)'$/, '$1')]));
}
