import type { Generated } from 'kysely';
import type { EffectDatabase } from '../../platform/contract/effect.ts';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';

/** Why pieces moved; each kind has its own signs, held by the table's checks. */
export type MovementKind = 'reserve' | 'release' | 'commit' | 'restock' | 'adjust';

/** What the inventory service knows. */
export interface InventoryDatabase extends EffectDatabase, OutboxDatabase {
  stock: { sku: string; on_hand: number; reserved: number };
  stock_ledger: {
    id: Generated<number>;
    kind: MovementKind;
    /** What named the movement: an order, a return or an adjustment. */
    subject: string;
    order_id: string | null;
    sku: string;
    on_hand_delta: number;
    reserved_delta: number;
    reason: string | null;
    adjusted_by: string | null;
    at: Generated<Date>;
  };
}
