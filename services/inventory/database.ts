import type { Generated, GeneratedAlways } from 'kysely';
import type { EffectDatabase } from '../../platform/contract/effect.ts';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';

/** Why stock moved. The signs allowed for each kind are enforced by the table's check constraints. */
export type MovementKind = 'reserve' | 'release' | 'commit' | 'restock' | 'adjust';

export interface InventoryDatabase extends EffectDatabase, OutboxDatabase {
  stock: {
    sku: string;
    on_hand: number;
    reserved: number;
    /** The threshold for `low`; null if the SKU has none. */
    low_stock_at: Generated<number | null>;
    /** Whether what is available is at the threshold or below it. */
    low: GeneratedAlways<boolean>;
  };
  stock_ledger: {
    id: Generated<number>;
    kind: MovementKind;
    /** The id of the order, parcel, release, return or adjustment that moved the stock. */
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
