import type { ColumnType, Generated } from 'kysely';
import type { RecordMovement, ShipmentStatus } from '../../activities/shipping.ts';
import type { EffectTable } from '../../platform/contract/effect.ts';
import type { OutboxTable } from '../../platform/events/outbox.ts';

export interface ShippingDatabase {
  effects: EffectTable;
  outbox: OutboxTable;
  shipments: {
    order_id: string;
    /** Null: the order's first parcel, whose id is the order's. */
    parcel_id: Generated<string | null>;
    /** Null if the shipment was canceled before the carrier booked anything. */
    tracking_number: string | null;
    status: ShipmentStatus;
    /** When the carrier has promised to deliver by; null if it has promised nothing. */
    promised_by: ColumnType<Date | null, string | null | undefined, string | null>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  movements: {
    movement_id: string;
    tracking_number: string;
    type: RecordMovement['type'];
    /** When the movement happened, according to the carrier. */
    at: ColumnType<Date, string, never>;
    recorded_at: Generated<Date>;
  };
}
