import { z } from 'zod';
import { Money } from '../../activities/money.ts';

/** A product as everybody sees it. */
export const ProductView = z
  .object({
    sku: z.string(),
    name: z.string(),
    description: z.string(),
    price: Money,
    available: z.int().nullable().meta({ description: 'pieces available now; null while unknown' }),
  })
  .meta({
    id: 'Product',
    examples: [
      {
        sku: '85123A',
        name: 'White hanging heart',
        description: 'Holds a tealight.',
        price: { amountMinor: 255, currency: 'GBP' },
        available: 120,
      },
    ],
  });
export type ProductView = z.infer<typeof ProductView>;
