import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Totals, add, nothing } from './orders.ts';
import { PIECES_ON_HAND } from './stock.ts';
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

/** What clients and carrier were told: which orders are confirmed, and which of them were delivered as well. */
export interface Told {
  confirmed: Totals;
  delivered: Totals;
}

/** A query for a ledger's totals; its columns are named like the fields of `Totals`. */
interface LedgerQuery {
  ledger: string;
  /** Which orders have an entry; `waiting`: those that are confirmed, but not delivered. */
  of: keyof Told | 'waiting';
  sql: string;
}

// Each query counts all entries, not only correct ones, so that superfluous entries show as well.
const OWN_LEDGERS: readonly (LedgerQuery & { service: LedgerService })[] = [
  {
    ledger: 'orders kept',
    service: 'order',
    of: 'confirmed',
    sql: 'select count(*) orders, coalesce(sum(total_minor), 0) "amountMinor" from orders',
  },
  {
    ledger: 'orders confirmed',
    service: 'order',
    of: 'confirmed',
    sql: `select count(distinct tracking_number) orders, coalesce(sum(total_minor), 0) "amountMinor"
          from orders where status = 'confirmed'`,
  },
  {
    // As JSON, because a peer's table of an earlier commit may not have these columns, nor such orders.
    ledger: 'orders delivered and paid',
    service: 'order',
    of: 'delivered',
    sql: `select count(*) orders, coalesce(sum(total_minor), 0) "amountMinor" from orders
          where to_jsonb(orders) @> '{"fulfillment_status": "delivered", "payment_status": "captured"}'`,
  },
  {
    ledger: 'stock ledger',
    service: 'inventory',
    of: 'confirmed',
    sql: `select count(distinct subject) orders, coalesce(sum(reserved_delta), 0) pieces
          from stock_ledger where kind not in ('adjust', 'commit')`,
  },
  {
    ledger: 'stock ledger, shipped',
    service: 'inventory',
    of: 'delivered',
    sql: `select count(distinct subject) orders, coalesce(-sum(on_hand_delta), 0) pieces
          from stock_ledger where kind = 'commit'`,
  },
  { ledger: 'stock', service: 'inventory', of: 'waiting', sql: 'select coalesce(sum(reserved), 0) pieces from stock' },
  {
    ledger: 'payments',
    service: 'payment',
    of: 'confirmed',
    sql: 'select count(*) orders, coalesce(sum(authorized_minor), 0) "amountMinor" from payments',
  },
  {
    ledger: 'payments captured',
    service: 'payment',
    of: 'delivered',
    sql: `select count(*) orders, coalesce(sum(captured_minor), 0) "amountMinor" from payments where status = 'captured'`,
  },
  {
    ledger: 'money ledger',
    service: 'payment',
    of: 'confirmed',
    sql: `select count(*) orders, coalesce(sum(amount_minor), 0) "amountMinor" from ledger_entries
          where effect <> 'capture'`,
  },
  {
    // A capture has two entries: the end of the hold, and the sale.
    ledger: 'money ledger, captured',
    service: 'payment',
    of: 'delivered',
    sql: `select count(*) / 2.0 orders, coalesce(sum(amount_minor), 0) / 2.0 "amountMinor" from ledger_entries
          where effect = 'capture'`,
  },
  { ledger: 'shipments', service: 'shipping', of: 'confirmed', sql: 'select count(*) orders from shipments' },
  {
    ledger: 'shipments booked',
    service: 'shipping',
    of: 'waiting',
    sql: `select count(distinct tracking_number) orders from shipments where status = 'booked'`,
  },
  {
    ledger: 'shipments delivered',
    service: 'shipping',
    of: 'delivered',
    sql: `select count(distinct tracking_number) orders from shipments where status = 'delivered'`,
  },
];

const EXTERNAL_LEDGERS: readonly (LedgerQuery & { file: string })[] = [
  {
    ledger: 'processor’s ledger',
    file: 'processor.sqlite',
    of: 'confirmed',
    sql: `select count(*) orders, coalesce(sum(amount_minor), 0) "amountMinor" from ledger where type <> 'capture'`,
  },
  {
    ledger: 'processor’s ledger, captured',
    file: 'processor.sqlite',
    of: 'delivered',
    sql: `select count(*) orders, coalesce(sum(amount_minor), 0) "amountMinor" from ledger where type = 'capture'`,
  },
  {
    ledger: 'carrier’s ledger',
    file: 'carrier.sqlite',
    of: 'confirmed',
    sql: `select count(*) orders from ledger where type not in ('dispatch', 'delivery')`,
  },
  {
    ledger: 'carrier’s ledger, dispatched',
    file: 'carrier.sqlite',
    of: 'delivered',
    sql: `select count(*) orders from ledger where type = 'dispatch'`,
  },
  {
    ledger: 'carrier’s ledger, delivered',
    file: 'carrier.sqlite',
    of: 'delivered',
    sql: `select count(*) orders from ledger where type = 'delivery'`,
  },
];

/**
 * Describes every ledger that differs from what clients and carrier were told. The ledgers are the same for every system:
 * those of the services, the processor's, the carrier's, and a table `orders`.
 */
export async function disagreements(told: Told, locations: LedgerLocations): Promise<string[]> {
  const own = await Promise.all(
    OWN_LEDGERS.map(async ({ service, sql, ...query }) => ({
      ...query,
      found: await queryAsSuperuser(locations.databaseUrls[service], sql),
    })),
  );
  const external = EXTERNAL_LEDGERS.map(({ file, sql, ...query }) => ({
    ...query,
    found: querySqlite(path.join(locations.sandboxFolder, file), sql),
  }));
  const expected = { ...told, waiting: waitingOf(told) };
  const wrong = [...own, ...external].flatMap(({ ledger, of, found }) =>
    (Object.keys(found) as Exclude<keyof Totals, 'piecesOf'>[])
      .filter((column) => Number(found[column]) !== expected[of][column])
      .map((column) => `${ledger}: ${column} ${String(found[column])}, expected ${expected[of][column]}`),
  );
  return [...wrong, ...(await wrongStock(expected, locations.databaseUrls.inventory))];
}

function waitingOf({ confirmed, delivered }: Told): Totals {
  const waiting = nothing();
  add(waiting, confirmed);
  add(waiting, delivered, -1);
  return waiting;
}

// With all of them the message would be as long as the assortment.
const SHOWN_SKUS = 3;

/** The SKUs whose stock is not, to the last piece, what the orders leave of it. */
async function wrongStock({ delivered, waiting }: Record<'delivered' | 'waiting', Totals>, url: string) {
  const { stock } = await queryAsSuperuser(
    url,
    `select coalesce(json_object_agg(sku, json_build_array(reserved, on_hand)), '{}') stock from stock`,
  );
  const wrong = Object.entries(stock as Record<string, [number, number]>).flatMap(([sku, [reserved, onHand]]) => {
    const expected = [waiting.piecesOf.get(sku) ?? 0, PIECES_ON_HAND - (delivered.piecesOf.get(sku) ?? 0)];
    const exact = reserved === expected[0] && onHand === expected[1];
    return exact ? [] : [`stock of ${sku}: ${reserved} reserved of ${onHand}, expected ${expected.join(' of ')}`];
  });
  return wrong.slice(0, SHOWN_SKUS);
}

function querySqlite(file: string, sql: string): Record<string, unknown> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(sql).get() ?? {};
  } finally {
    db.close();
  }
}
