import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { takePorts } from '../../platform/ports.ts';
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

/** As YAML has it. */
type Written = Omit<Container, 'environment'> & { environment?: Record<string, string | number> };

interface Surroundings {
  settings: Readonly<Record<string, string>>;
  /** host:port of the servers, which are not ours to start. */
  postgres: string;
  temporal: string;
  /** Where volumes are. */
  folder: string;
}

const READY_MS = 120_000;
const LOOK_EVERY_MS = 200;
// `stop_grace_period`
const GRACE_MS = 25_000;

/**
 * What `docker compose up` runs of the platform's own, without containers: each process by its command and with nothing
 * but its settings. Each has the port of its own that is free.
 */
export class Containers {
  readonly #all: Readonly<Record<string, Container>>;
  readonly #folder: string;
  readonly #running = new Map<string, Running>();

  private constructor(all: Record<string, Container>, folder: string) {
    this.#all = all;
    this.#folder = folder;
  }

  static async of({ settings, postgres, temporal, folder }: Surroundings): Promise<Containers> {
    let text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8')
      .replaceAll('@postgres:5432/', `@${postgres}/`)
      .replaceAll('temporal:7233', temporal)
      .replaceAll('/app/', `${root}/`)
      .replaceAll(' /data', ` ${folder}`);
    const inside = [...new Set(text.match(/(?<=PORT: )\d+/g))];
    const free = await takePorts(Object.fromEntries(inside.map((port) => [port, 0])));
    for (const port of inside) {
      text = text
        .replaceAll(new RegExp(`//[\\w.]+:${port}\\b`, 'g'), `//127.0.0.1:${free[port]}`)
        .replaceAll(new RegExp(`PORT: ${port}\\b`, 'g'), `PORT: ${free[port]}`);
    }
    const { services } = parse(text, { merge: true }) as { services: Record<string, Written> };
    const containers = Object.entries(services).map(([name, { image, command, environment = {} }]) => {
      const given = Object.entries(environment).map(([setting, value]) => [setting, filled(String(value), settings)]);
      return [name, { image, command, environment: Object.fromEntries(given) as Record<string, string> }] as const;
    });
    mkdirSync(folder, { recursive: true });
    return new Containers(Object.fromEntries(containers), folder);
  }

  /** Those of the platform's image, but the one that migrates. */
  get names(): string[] {
    return Object.keys(this.#all).filter((name) => this.#all[name]!.image === 'order-platform' && name !== 'migrate');
  }

  setting(container: string, name: string): string {
    return this.#all[container]!.environment[name] ?? assert.fail(`${container} has no ${name}`);
  }

  /** Starts everything; resolves when each says of itself that it is healthy. */
  async start(): Promise<void> {
    assert.equal(await this.#start('migrate').ended, 0, this.#said('migrate'));
    const started = this.names.map((name) => [name, this.#start(name)] as const);
    for (const [name, { child }] of started) {
      await eventually<unknown>(() => hasEnded(child) || this.#mustBeHealthy(name), READY_MS, LOOK_EVERY_MS);
      assert.ok(!hasEnded(child), this.#said(name));
    }
  }

  /** As `docker compose stop` does. Answers what each ended with, its exit code or the signal that ended it. */
  async stop(): Promise<Record<string, number | string>> {
    const ending = [...this.#running].map(async ([name, { child, ended }]) => {
      if (!hasEnded(child)) child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
      const how = await ended;
      clearTimeout(late);
      return [name, how] as const;
    });
    return Object.fromEntries(await Promise.all(ending));
  }

  #said(name: string): string {
    return `${name}:\n${readFileSync(this.#logOf(name), 'utf8')}`;
  }

  #start(name: string): Running {
    const log = openSync(this.#logOf(name), 'w');
    const [program, ...words] = this.#all[name]!.command;
    assert.equal(program, 'node');
    const child = spawn(process.execPath, words, { ...this.#surroundings(name), stdio: ['ignore', log, log] });
    closeSync(log);
    const ended = once(child, 'exit').then(([code, signal]: (number | string)[]) => code ?? signal!);
    const running = { child, ended };
    this.#running.set(name, running);
    return running;
  }

  /** As the image's HEALTHCHECK sees it. */
  async #mustBeHealthy(name: string): Promise<void> {
    await promisify(execFile)(process.execPath, ['deploy/healthy.mjs'], this.#surroundings(name));
  }

  #surroundings(name: string) {
    const image = { PATH: process.env.PATH, NODE_ENV: 'production', CACHE_DIR: path.join(root, '.cache') };
    return { cwd: root, env: { ...image, ...this.#all[name]!.environment } };
  }

  #logOf(name: string): string {
    return path.join(this.#folder, `${name}.log`);
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

/** With every `${NAME:?…}` and `${NAME:-default}` put in; what is empty counts as not given. */
const filled = (value: string, settings: Readonly<Record<string, string>>): string =>
  value.replaceAll(
    /\$\{(\w+)(?::\?[^}]*|:-([^}]*))\}/g,
    (_all, name: string, byDefault = '') => settings[name] || byDefault,
  );

/** What `node deploy/make-env.mjs > .env` leaves for Compose, which takes a value out of its quotes. */
export function settingsMade(): Record<string, string> {
  const made = execFileSync(process.execPath, ['deploy/make-env.mjs'], { cwd: root, encoding: 'utf8' });
  const lines = [...made.matchAll(/^(\w+)=(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name, value]) => [name!, value!.replace(/^'(.*)'$/, '$1')]));
}
