import { z } from 'zod';
import { text } from './text.ts';

const line = text(200);

/** A postal address for deliveries. `country` is an ISO 3166-1 alpha-2 code. */
export const ShippingAddress = z.strictObject({
  name: line,
  line1: line,
  line2: z.string().trim().max(200).optional(),
  city: line,
  postalCode: text(20),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as GB'),
});
export type ShippingAddress = z.infer<typeof ShippingAddress>;
