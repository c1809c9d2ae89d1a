import { channel } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import type pgModule from 'pg';

// The one that the services load: the bench's own packages may have another.
const pg = createRequire(new URL('../../../package.json', import.meta.url))('pg') as typeof pgModule;

/** What one process has done. */
export interface Counts {
  /** Statements sent to PostgreSQL, without `begin`, `commit` and `rollback`. */
  statements: number;
  /** Transactions, those of a single statement included. */
  transactions: number;
  /** Round trips to PostgreSQL: every statement, `begin` and `commit`. */
  roundTrips: number;
  /** HTTP requests sent. */
  sent: number;
  /** HTTP requests received. */
  received: number;
}

export const noCounts = (): Counts => ({ statements: 0, transactions: 0, roundTrips: 0, sent: 0, received: 0 });

const BOUNDARY = /^\s*(begin|start transaction|commit|rollback)\b/i;

/** Counts from now on what this process does, in the object that it returns. `stop` ends it. */
export function startCounting(): { counts: Counts; stop: () => void } {
  const counts = noCounts();
  const stops = [countStatements(counts)];
  for (const [name, column] of [
    ['undici:request:create', 'sent'],
    ['http.server.request.start', 'received'],
  ] as const) {
    const one = () => void (counts[column] += 1);
    channel(name).subscribe(one);
    stops.push(() => channel(name).unsubscribe(one));
  }
  return { counts, stop: () => stops.forEach((stop) => stop()) };
}

/** By the client's own method, below pools and prepared statements. */
function countStatements(counts: Counts): () => void {
  const query = Reflect.get(pg.Client.prototype, 'query') as (this: pgModule.Client, ...args: unknown[]) => unknown;
  const inTransaction = new WeakSet<object>();
  pg.Client.prototype.query = function counted(this: pgModule.Client, ...args: unknown[]): unknown {
    const [given] = args;
    const text = typeof given === 'string' ? given : ((given as { text?: string }).text ?? '');
    const boundary = BOUNDARY.exec(text)?.[1]?.toLowerCase();
    counts.roundTrips += 1;
    if (boundary === undefined) counts.statements += 1;
    if (boundary === 'begin' || boundary === 'start transaction') inTransaction.add(this);
    else if (boundary !== undefined) inTransaction.delete(this);
    if (!inTransaction.has(this)) counts.transactions += 1;
    return Reflect.apply(query, this, args);
  } as typeof pgModule.Client.prototype.query;
  return () => void Reflect.set(pg.Client.prototype, 'query', query);
}
