import { z } from 'zod';
import { Money } from '../../activities/money.ts';
import { MUG, MUG_MINOR } from '../openapi/examples.ts';

/** A product as everybody sees it. */
export const ProductView = z
  .object({
    sku: z.string(),
    name: z.string(),
    description: z.string(),
    price: Money,
    sold: z.boolean().meta({ description: 'false: withdrawn from sale; in no list, and cannot be ordered' }),
    available: z
      .int()
      .nullable()
      .meta({ description: 'pieces available now; null while unknown, 0 of a product that is not sold' }),
  })
  .meta({
    id: 'Product',
    examples: [
      {
        ...MUG,
        description: 'Holds 350 ml.',
        price: { amountMinor: MUG_MINOR, currency: 'GBP' },
        sold: true,
        available: 500,
      },
    ],
  });
export type ProductView = z.infer<typeof ProductView>;
