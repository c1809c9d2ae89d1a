import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Totals } from './orders.ts';
import { askSuperuser } from './superuser.ts';

const SERVICES = ['order', 'inventory', 'payment', 'shipping'] as const;
type Keeper = (typeof SERVICES)[number];

export interface LedgerPlaces {
  /** Databases by service, with the right to read all of each. */
  databaseUrls: Readonly<Record<Keeper, string>>;
  /** Where the sandbox keeps its books. */
  sandboxFolder: string;
}

export const ledgersAt = (urlOf: (service: Keeper) => string, sandboxFolder: string): LedgerPlaces => ({
  databaseUrls: Object.fromEntries(SERVICES.map((name) => [name, urlOf(name)])) as Record<Keeper, string>,
  sandboxFolder,
});

/** A question to a ledger: its columns are the totals it knows. */
interface Question {
  ledger: string;
  at: Keeper;
  sql: string;
}

// Each counts everything that is there, not only what is as it should be: one entry too many shows as well.
const QUESTIONS: readonly Question[] = [
  {
    ledger: 'orders kept',
    at: 'order',
    sql: 'select count(*) orders, coalesce(sum(total_minor), 0) "amountMinor" from orders',
  },
  {
    ledger: 'orders confirmed',
    at: 'order',
    sql: `select count(distinct tracking_number) orders, coalesce(sum(total_minor), 0) "amountMinor"
          from orders where status = 'confirmed'`,
  },
  {
    ledger: 'stock ledger',
    at: 'inventory',
    sql: `select count(distinct subject) orders, coalesce(sum(reserved_delta), 0) pieces
          from stock_ledger where kind <> 'adjust'`,
  },
  { ledger: 'stock', at: 'inventory', sql: 'select coalesce(sum(reserved), 0) pieces from stock' },
  {
    ledger: 'payments',
    at: 'payment',
    sql: 'select count(*) orders, coalesce(sum(authorized_minor), 0) "amountMinor" from payments',
  },
  {
    ledger: 'money ledger',
    at: 'payment',
    sql: 'select count(*) orders, coalesce(sum(amount_minor), 0) "amountMinor" from ledger_entries',
  },
  { ledger: 'shipments', at: 'shipping', sql: 'select count(*) orders from shipments' },
  {
    ledger: 'shipments booked',
    at: 'shipping',
    sql: `select count(distinct tracking_number) orders from shipments where status = 'booked'`,
  },
];

const OUTSIDE = [
  {
    ledger: 'processor’s ledger',
    file: 'processor.sqlite',
    sql: 'select count(*) orders, coalesce(sum(amount_minor), 0) "amountMinor" from ledger',
  },
  { ledger: 'carrier’s ledger', file: 'carrier.sqlite', sql: 'select count(*) orders from ledger' },
];

/**
 * Every ledger that says something else than what the clients were told, in words; none where all agree. They are the
 * same for every system: the services' own, the outside world's, and a table `orders`.
 */
export async function disagreements(told: Totals, places: LedgerPlaces): Promise<string[]> {
  const ours = await Promise.all(
    QUESTIONS.map(async ({ ledger, at, sql }) => ({ ledger, says: await askSuperuser(places.databaseUrls[at], sql) })),
  );
  const theirs = OUTSIDE.map(({ ledger, file, sql }) => ({
    ledger,
    says: look(path.join(places.sandboxFolder, file), sql),
  }));
  return [...ours, ...theirs].flatMap(({ ledger, says }) =>
    (Object.keys(says) as (keyof Totals)[])
      .filter((what) => Number(says[what]) !== told[what])
      .map((what) => `${ledger}: ${what} ${String(says[what])}, and the clients were told ${told[what]}`),
  );
}

function look(file: string, sql: string): Record<string, unknown> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(sql).get() ?? {};
  } finally {
    db.close();
  }
}
