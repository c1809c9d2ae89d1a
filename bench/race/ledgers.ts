import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Totals } from './orders.ts';
import { queryAsSuperuser } from './superuser.ts';

const SERVICES = ['order', 'inventory', 'payment', 'shipping'] as const;
type LedgerService = (typeof SERVICES)[number];

export interface LedgerLocations {
  /** Database URLs by service, with the right to read everything. */
  databaseUrls: Readonly<Record<LedgerService, string>>;
  /** The folder of the sandbox's ledgers. */
  sandboxFolder: string;
}

export const ledgersAt = (urlOf: (service: LedgerService) => string, sandboxFolder: string): LedgerLocations => ({
  databaseUrls: Object.fromEntries(SERVICES.map((name) => [name, urlOf(name)])) as Record<LedgerService, string>,
  sandboxFolder,
});

/** A query for a ledger's totals; its columns are named like the fields of `Totals`. */
interface LedgerQuery {
  ledger: string;
  service: LedgerService;
  sql: string;
}

// Each query counts all entries, not only correct ones, so that superfluous entries show as well.
const OWN_LEDGERS: readonly LedgerQuery[] = [
  {
    ledger: 'orders kept',
    service: 'order',
    sql: 'select count(*) orders, coalesce(sum(total_minor), 0) "amountMinor" from orders',
  },
  {
    ledger: 'orders confirmed',
    service: 'order',
    sql: `select count(distinct tracking_number) orders, coalesce(sum(total_minor), 0) "amountMinor"
          from orders where status = 'confirmed'`,
  },
  {
    ledger: 'stock ledger',
    service: 'inventory',
    sql: `select count(distinct subject) orders, coalesce(sum(reserved_delta), 0) pieces
          from stock_ledger where kind <> 'adjust'`,
  },
  { ledger: 'stock', service: 'inventory', sql: 'select coalesce(sum(reserved), 0) pieces from stock' },
  {
    ledger: 'payments',
    service: 'payment',
    sql: 'select count(*) orders, coalesce(sum(authorized_minor), 0) "amountMinor" from payments',
  },
  {
    ledger: 'money ledger',
    service: 'payment',
    sql: 'select count(*) orders, coalesce(sum(amount_minor), 0) "amountMinor" from ledger_entries',
  },
  { ledger: 'shipments', service: 'shipping', sql: 'select count(*) orders from shipments' },
  {
    ledger: 'shipments booked',
    service: 'shipping',
    sql: `select count(distinct tracking_number) orders from shipments where status = 'booked'`,
  },
];

const EXTERNAL_LEDGERS = [
  {
    ledger: 'processor’s ledger',
    file: 'processor.sqlite',
    sql: 'select count(*) orders, coalesce(sum(amount_minor), 0) "amountMinor" from ledger',
  },
  { ledger: 'carrier’s ledger', file: 'carrier.sqlite', sql: 'select count(*) orders from ledger' },
];

/**
 * Describes every ledger whose totals differ from what was confirmed to the clients. The ledgers are the same for every
 * system: those of the services, the processor's, the carrier's, and a table `orders`.
 */
export async function disagreements(confirmed: Totals, locations: LedgerLocations): Promise<string[]> {
  const own = await Promise.all(
    OWN_LEDGERS.map(async ({ ledger, service, sql }) => ({
      ledger,
      totals: await queryAsSuperuser(locations.databaseUrls[service], sql),
    })),
  );
  const external = EXTERNAL_LEDGERS.map(({ ledger, file, sql }) => ({
    ledger,
    totals: querySqlite(path.join(locations.sandboxFolder, file), sql),
  }));
  return [...own, ...external].flatMap(({ ledger, totals }) =>
    (Object.keys(totals) as (keyof Totals)[])
      .filter((column) => Number(totals[column]) !== confirmed[column])
      .map((column) => `${ledger}: ${column} ${String(totals[column])}, expected ${confirmed[column]}`),
  );
}

function querySqlite(file: string, sql: string): Record<string, unknown> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(sql).get() ?? {};
  } finally {
    db.close();
  }
}
