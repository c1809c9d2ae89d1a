import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type Server as HttpServer, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { sql } from 'kysely';
import { connect } from '../../platform/database/connection.ts';
import { type DatabaseName, DATABASES } from '../../services/registry.ts';
import { startPostgres } from '../../local/postgres.ts';
import { bringUpToDate, withDatabase } from '../../platform/database/provision.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { startTemporal } from '../../local/temporal.ts';
import { takePort } from '../../platform/ports.ts';
import type { SharedServers } from './shared-server.ts';

const cache = path.join(import.meta.dirname, '../../.cache');

// `drop database` waits for a checkpoint, which on a slow disk takes longer than a service's statement may take.
const NO_STATEMENT_TIMEOUT = 0;

const POSTGRES_SETTINGS = {
  // For the participants of bench/race/peers/two-phase-commit: PostgreSQL refuses PREPARE TRANSACTION by default. Three of an
  // order, and few orders at a time.
  max_prepared_transactions: '64',
  // No test kills this server, and nobody needs its data after the run: tests of a kill start a server of their own.
  fsync: 'off',
  full_page_writes: 'off',
};

// Between the two ranges in which processes choose ports by themselves (platform/ports.ts).
const FIRST_PORT = 20_000;
const END_OF_PORTS = 28_000;

/**
 * The servers of one test run. Mocha runs test files in several processes. The main process starts each server once and
 * tells the others its address over HTTP.
 */
export class TestServers {
  readonly #folder: string;
  readonly #started = new Map<string, Promise<object>>();
  readonly #closings: (() => Promise<void>)[] = [];
  #http: HttpServer | undefined;
  // Another run on this machine may take the port of a process that a test has killed, until it is restarted. Runs that
  // begin at different ports hardly ever meet.
  #ports = randomInt(END_OF_PORTS - FIRST_PORT);

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Listens, and resolves with the URL. */
  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      const [, kind, name] = request.url!.split('/');
      const found = kind === 'ports' ? this.#findPorts(Number(name)) : this.#once(kind!, name);
      found.then(
        (value) => response.end(JSON.stringify(value)),
        (error: unknown) => response.writeHead(500).end(String((error as Error).stack)),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#http = server;
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#http?.closeAllConnections();
    this.#http?.close();
    await Promise.all(this.#closings.map((close) => close()));
  }

  /** Each port once, as long as there are any. */
  async #findPorts(count: number): Promise<number[]> {
    const ports: number[] = [];
    while (ports.length < count) {
      const port = FIRST_PORT + (this.#ports++ % (END_OF_PORTS - FIRST_PORT));
      const free = await takePort(port, 'PORT').catch(() => undefined);
      if (free !== undefined) ports.push(free);
    }
    return ports;
  }

  #once(kind: string, name = ''): Promise<object> {
    const key = `${kind}/${name}`;
    const known = this.#started.get(key) ?? this.#start(kind, name);
    this.#started.set(key, known);
    return known;
  }

  #start(kind: string, name: string): Promise<object> {
    if (kind === 'postgres') return this.#startPostgres();
    if (kind === 'temporal') return this.#startTemporal();
    return this.#createTemplate(name as DatabaseName);
  }

  async #startPostgres(): Promise<SharedServers['postgres']> {
    if (process.env.TEST_DATABASE_URL) return { url: process.env.TEST_DATABASE_URL };
    const server = await startPostgres({
      folder: path.join(this.#folder, 'postgres'),
      port: 0,
      settings: POSTGRES_SETTINGS,
    });
    this.#closings.push(() => server.close());
    return { url: server.url };
  }

  async #startTemporal(): Promise<SharedServers['temporal']> {
    if (process.env.TEST_TEMPORAL_ADDRESS) return { address: process.env.TEST_TEMPORAL_ADDRESS };
    const server = await startTemporal({
      executable: await findTemporal(cache),
      folder: path.join(this.#folder, 'temporal'),
      port: 0,
      uiPort: undefined,
      namespace: 'default',
    });
    this.#closings.push(() => server.close());
    return { address: server.address };
  }

  async #createTemplate(service: DatabaseName): Promise<SharedServers['template']> {
    const { url } = (await this.#once('postgres')) as SharedServers['postgres'];
    const database = `t_${service}_${randomUUID().slice(0, 8)}`;
    const role = `${database}_role`;
    const server = connect<unknown>(url, 1, NO_STATEMENT_TIMEOUT);
    try {
      await sql`create role ${sql.id(role)} login password ${sql.lit(role)}`.execute(server);
      await sql`create database ${sql.id(database)}`.execute(server);
    } finally {
      await server.destroy();
    }
    await bringUpToDate(DATABASES[service], withDatabase(url, database), role);
    return { database, role };
  }
}
