import type { InboxDatabase } from '../../platform/events/inbox.ts';

/** What the recommendation service has learned. */
export interface RecommendationDatabase extends InboxDatabase {
  /** Every order that counts: what its customer bought, and what to take back where it is called off. */
  learned_orders: {
    order_id: string;
    customer_id: string;
    skus: string[];
    confirmed_at: Date;
  };
  /** In how many orders each product was. */
  item_counts: {
    sku: string;
    orders: number;
  };
  /** In how many orders two products were together; each pair is here both ways round, so that either finds the other. */
  pair_counts: {
    sku: string;
    other: string;
    orders: number;
  };
}
