import { z } from 'zod';

/** A product of the demo catalogue that `npm start` loads, so that the documentation's examples work as they are. */
export const MUG = { sku: 'MUG-BLUE', name: 'Blue stoneware mug' } as const;
export const MUG_MINOR = 1_250;

/** A SKU in the path, for products that need not exist. */
export const SkuInPath = z.string().meta({ param: { example: MUG.sku } });
