import type { InboxDatabase } from '../../platform/events/inbox.ts';

/** The recommendation service's tables. */
export interface RecommendationDatabase extends InboxDatabase {
  /** The orders that are counted: what each customer bought, and what to subtract if an order is canceled. */
  learned_orders: {
    order_id: string;
    customer_id: string;
    skus: string[];
    confirmed_at: Date;
  };
  /** The number of orders with each product. */
  item_counts: {
    sku: string;
    orders: number;
  };
  /** The number of orders with both products. Each pair is stored in both directions: either finds the other. */
  pair_counts: {
    sku: string;
    other: string;
    orders: number;
  };
}
