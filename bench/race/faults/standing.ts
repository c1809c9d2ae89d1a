import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LedgerLocations } from '../ledgers.ts';
import { rowsAsSuperuser } from '../superuser.ts';

/** What the ledgers say of one order. Amounts are minor units. */
export interface Standing {
  /** In the system's table of orders; undefined: it does not know the order. */
  status: string | undefined;
  /** When it was decided, as milliseconds since 1970; null while it is not. */
  decidedAt: number | null;
  /** Pieces reserved for it, by the stock ledger. */
  reserved: number;
  /** Held of the customer's money, by the processor's ledger, and in how many authorizations. */
  held: number;
  authorizations: number;
  /** Parcels booked and not canceled, by the carrier's ledger. */
  parcels: number;
  /** The same by the books of the payment and shipping services. */
  heldInBooks: number;
  parcelsInBooks: number;
}

/** Of an order that no ledger knows. */
export const NOTHING: Standing = {
  status: undefined,
  decidedAt: null,
  reserved: 0,
  held: 0,
  authorizations: 0,
  parcels: 0,
  heldInBooks: 0,
  parcelsInBooks: 0,
};

const OF_SERVICES = {
  // As JSON, because a peer has no drafts. The platform has stored a draft, but nobody was promised anything.
  order: `select id, status,
      case when status in ('confirmed', 'rejected') then extract(epoch from updated_at)::float8 * 1000 end as "decidedAt"
    from orders where not to_jsonb(orders) @> '{"recorded_at": null}'`,
  inventory: `select subject as id, sum(reserved_delta)::float8 as reserved from stock_ledger
              where kind in ('reserve', 'release') group by subject`,
  payment: 'select order_id as id, (authorized_minor - voided_minor)::float8 as "heldInBooks" from payments',
  shipping: `select order_id as id, (status = 'booked')::int as "parcelsInBooks" from shipments`,
} as const;

const OF_OUTSIDE = {
  'processor.sqlite': `select order_id as id, sum(type = 'authorization') as authorizations,
      sum(case type when 'authorization' then amount_minor when 'void' then -amount_minor else 0 end) as held
    from ledger group by order_id`,
  'carrier.sqlite': `select order_id as id,
      sum(case type when 'booking' then 1 when 'cancellation' then -1 else 0 end) as parcels
    from ledger group by order_id`,
} as const;

type Row = { id: string } & Partial<Standing>;

/** What every ledger says, by order. */
export async function standings({ databaseUrls, sandboxFolder }: LedgerLocations): Promise<Standings> {
  const ofServices = Object.entries(OF_SERVICES).map(([service, query]) =>
    rowsAsSuperuser(databaseUrls[service as keyof typeof OF_SERVICES], query),
  );
  const rows = [
    ...(await Promise.all(ofServices)),
    ...Object.entries(OF_OUTSIDE).map(([file, query]) => rowsOfFile(path.join(sandboxFolder, file), query)),
  ];
  const byOrder = new Map<string, Standing>();
  for (const { id, ...more } of rows.flat() as Row[]) byOrder.set(id, { ...(byOrder.get(id) ?? NOTHING), ...more });
  return { of: (orderId) => byOrder.get(orderId) ?? NOTHING, orderIds: [...byOrder.keys()] };
}

export interface Standings {
  of(orderId: string): Standing;
  /** Of every order that any of them knows. */
  orderIds: readonly string[];
}

function rowsOfFile(file: string, query: string): Record<string, unknown>[] {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return db.prepare(query).all();
  } finally {
    db.close();
  }
}
