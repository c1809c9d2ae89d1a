import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { preparingClient } from '../../platform/database/prepared-statements.ts';
import { startPostgres } from '../../local/postgres.ts';
import { median, numberFrom } from './compare.ts';
import { cpuSecondsOf } from '../race/cpu.ts';

// `node bench/studies/statements.ts [--rounds R] [--times T]`: what a statement costs that finds one row by its key, and one
// that inserts a row, as pg sends them by itself and prepared; and what an insert costs within a transaction of its
// own. Milliseconds of CPU each, here and in PostgreSQL; medians over rounds that take turns.
const times = numberFrom('--times', 2_000);
const rounds = numberFrom('--rounds', 5);

const folder = mkdtempSync(path.join(tmpdir(), 'statements-'));
const server = await startPostgres({ folder, port: 0, password: randomUUID() });
try {
  const plain = new pg.Client({ connectionString: server.url });
  const PreparingClient = preparingClient();
  const preparing = new PreparingClient({ connectionString: server.url });
  await Promise.all([plain.connect(), preparing.connect()]);
  await plain.query(`
  create table effects (subject uuid, step text, state text check (state in ('done', 'refused')), answer jsonb,
    at timestamptz not null default now(), primary key (subject, step))`);

  const find = (client: pg.Client) =>
    client.query('select state, answer from effects where subject = $1::uuid and step = $2', [randomUUID(), 'step']);
  const insert = (client: pg.Client) =>
    client.query('insert into effects (subject, step, state) values ($1, $2, $3) on conflict do nothing', [
      randomUUID(),
      'step',
      'done',
    ]);
  const transaction = async (client: pg.Client) => {
    await client.query('begin');
    await insert(client);
    await client.query('commit');
  };

  const arms: Record<string, () => Promise<unknown>> = {
    'find, as pg sends it': () => find(plain),
    'find, prepared': () => find(preparing),
    'insert, as pg sends it': () => insert(plain),
    'insert, prepared': () => insert(preparing),
    'insert, prepared, between begin and commit': () => transaction(preparing),
  };
  const costs = Object.keys(arms).map((name) => ({ name, here: [] as number[], there: [] as number[] }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, here, there } of costs) {
      const before = { here: process.cpuUsage(), there: cpuSecondsOf(server.pid) };
      for (let time = 0; time < times; time += 1) await arms[name]!();
      const { user, system } = process.cpuUsage(before.here);
      // The first round warms up.
      if (round === 0) continue;
      here.push((user + system) / 1_000 / times);
      there.push(((cpuSecondsOf(server.pid) - before.there) * 1_000) / times);
    }
    process.stderr.write(round === 0 ? 'warm\n' : `round ${round} of ${rounds}\n`);
  }
  for (const { name, here, there } of costs) {
    process.stdout.write(
      `${name.padEnd(44)} here ${median(here).toFixed(3)} ms, PostgreSQL ${median(there).toFixed(3)} ms\n`,
    );
  }
  await Promise.all([plain.end(), preparing.end()]);
} finally {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
