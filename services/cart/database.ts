import type { ColumnType, Generated } from 'kysely';
import type { StockLine } from '../../activities/identity.ts';
import type { EffectDatabase } from '../../platform/contract/effect.ts';
import type { InboxDatabase } from '../../platform/events/inbox.ts';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';

export interface CartDatabase extends EffectDatabase, InboxDatabase, OutboxDatabase {
  carts: {
    customer_id: string;
    version: Generated<number>;
    line_count: Generated<number>;
    reminded_version: Generated<number>;
  };
  cart_lines: {
    customer_id: string;
    sku: string;
    quantity: number;
    /** Lines are shown in the order in which they were first added. */
    position: Generated<number>;
  };
  /** What each order took out of a cart, so that it can be put back. */
  checkouts: {
    order_id: string;
    customer_id: string;
    lines: ColumnType<StockLine[], string, never>;
    at: Generated<Date>;
  };
}
