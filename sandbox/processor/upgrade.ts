import type { SqliteFile } from '../sqlite.ts';
import { LEDGER_INDEX } from './entries.ts';

/** Upgrades a file that an older version has written, in which an order had one hold, whose id is the order's. */
export function upgradeHolds(db: SqliteFile): void {
  db.transaction(() => {
    if (!hasColumn(db, 'ledger', 'hold_id')) {
      db.run('alter table ledger add column hold_id text');
      db.run('update ledger set hold_id = order_id');
      db.run('drop index if exists ledger_once');
    }
    db.run(LEDGER_INDEX);
    if (hasColumn(db, 'voided_orders', 'order_id')) {
      db.run(
        `insert into closed_holds (order_id, hold_id, why) select order_id, order_id, 'voided' from voided_orders`,
      );
      db.run(`insert into closed_holds (order_id, hold_id, why)
              select order_id, order_id, 'captured' from ledger where type = 'capture'`);
      db.run('drop table voided_orders');
    }
    if (hasColumn(db, 'confirmations', 'order_id')) {
      db.run(`insert into hold_confirmations
                (order_id, hold_id, amount_minor, currency, payment_method, idempotency_key, outcome, event_id)
              select order_id, order_id, amount_minor, currency, payment_method, idempotency_key, outcome, event_id
              from confirmations order by rowid`);
      db.run('drop table confirmations');
    }
  });
}

const hasColumn = (db: SqliteFile, table: string, column: string): boolean =>
  db.first('select 1 from pragma_table_info(?) where name = ?', table, column) !== undefined;
