import type { Generated } from 'kysely';
import type { OutboxDatabase } from '../../platform/events/outbox.ts';

/** The product service's tables. */
export interface ProductDatabase extends OutboxDatabase {
  products: {
    sku: string;
    name: string;
    description: string;
    price_minor: number;
    currency: string;
    sold: Generated<boolean>;
    version: Generated<number>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
}
