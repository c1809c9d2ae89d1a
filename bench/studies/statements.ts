import { randomUUID } from 'node:crypto';
import path from 'node:path';
import pg from 'pg';
import { startPostgres } from '../../local/postgres.ts';
import { preparingClient } from '../../platform/database/prepared-statements.ts';
import { print } from '../../tools/command-line.ts';
import { cpuSecondsOf } from '../cpu.ts';
import { median } from '../quantiles.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { studyOptions } from './options.ts';

// What does a prepared statement save, and what does a transaction cost?
//   node bench/studies/statements.ts [--rounds R] [--times T]
// Finds a row by its key and inserts a row, as pg sends statements by default and prepared; and inserts within a
// transaction. Prints milliseconds of CPU per call, in this process and in PostgreSQL: medians over rounds in which all
// variants take turns.
const { rounds, times } = studyOptions({ rounds: 5, times: 2_000 });

const folder = scratchFolder();
const server = await startPostgres({ folder: path.join(folder.path, 'postgres'), port: 0, password: randomUUID() });
try {
  const plain = new pg.Client({ connectionString: server.url });
  const PreparingClient = preparingClient();
  const preparing = new PreparingClient({ connectionString: server.url });
  await Promise.all([plain.connect(), preparing.connect()]);
  await plain.query(`
    create table effects (subject uuid, step text, state text check (state in ('done', 'refused')), answer jsonb,
      at timestamptz not null default now(), primary key (subject, step))`);
  await measureVariants({
    'find, as pg sends it': () => find(plain),
    'find, prepared': () => find(preparing),
    'insert, as pg sends it': () => insert(plain),
    'insert, prepared': () => insert(preparing),
    'insert, prepared, between begin and commit': () => insertInTransaction(preparing),
  });
  await Promise.all([plain.end(), preparing.end()]);
} finally {
  await server.close();
  folder.remove();
}

function find(client: pg.Client): Promise<unknown> {
  const statement = 'select state, answer from effects where subject = $1::uuid and step = $2';
  return client.query(statement, [randomUUID(), 'step']);
}

function insert(client: pg.Client): Promise<unknown> {
  const statement = 'insert into effects (subject, step, state) values ($1, $2, $3) on conflict do nothing';
  return client.query(statement, [randomUUID(), 'step', 'done']);
}

async function insertInTransaction(client: pg.Client): Promise<void> {
  await client.query('begin');
  await insert(client);
  await client.query('commit');
}

async function measureVariants(variants: Record<string, () => Promise<unknown>>): Promise<void> {
  const costs = Object.entries(variants).map(([name, call]) => ({
    name,
    call,
    clientMs: [] as number[],
    serverMs: [] as number[],
  }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { call, clientMs, serverMs } of costs) {
      const before = { client: process.cpuUsage(), server: cpuSecondsOf(server.pid) };
      for (let time = 0; time < times; time += 1) await call();
      const { user, system } = process.cpuUsage(before.client);
      // The first round warms up.
      if (round === 0) continue;
      clientMs.push((user + system) / 1_000 / times);
      serverMs.push(((cpuSecondsOf(server.pid) - before.server) * 1_000) / times);
    }
    process.stderr.write(round === 0 ? 'warm\n' : `round ${round} of ${rounds}\n`);
  }
  for (const { name, clientMs, serverMs } of costs) {
    print(`${name.padEnd(44)} client ${median(clientMs).toFixed(3)} ms, PostgreSQL ${median(serverMs).toFixed(3)} ms`);
  }
}
