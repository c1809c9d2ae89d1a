import type { ShippingAddress } from '../../activities/address.ts';
import type { StockLine } from '../../activities/identity.ts';
import type { Money } from '../../activities/money.ts';
import { Mismatch, type Parser, integer, list, record, string, trimmed } from './parsing.ts';

// The values of activities/ as workflows read them: the same rules, without zod. Of what a workflow is started with they
// may become wider, but not narrower: orders under way were started by the rules of their day.

/** RFC 9562, versions 1 to 8, and its two special UUIDs. */
const UUID =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|0{8}-0{4}-0{4}-0{4}-0{12}|f{8}-f{4}-f{4}-f{4}-f{12})$/i;
export const uuid = string({ pattern: UUID, wanted: 'a UUID' });

/** RFC 3339, in UTC. */
const UTC_TIME = /^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z$/;
export const utcTime: Parser<string> = (value, at) => {
  const wanted = 'a time such as 2030-01-31T12:00:00Z';
  const text = string({ pattern: UTC_TIME, wanted })(value, at);
  const day = text.slice(0, 10);
  // Date reads 31 February as 3 March.
  if (new Date(`${day}T00:00Z`).toJSON()?.slice(0, 10) !== day) throw new Mismatch(at, wanted);
  return text;
};

const sku = string({ pattern: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, wanted: '1 to 64 of A-Z a-z 0-9 . _ -' });
export const stockFields = { sku, quantity: integer({ min: 1, max: 100_000 }) };
const stockLine: Parser<StockLine> = record(stockFields);
/** As many as an order may have. */
export const stockLines = list(stockLine, { min: 1, max: 2_000 });

export const money: Parser<Money> = record({
  amountMinor: integer({ min: 0, max: 999_999_999_999 }),
  currency: string({ pattern: /^[A-Z]{3}$/, wanted: 'an ISO 4217 code such as GBP' }),
});

export const paymentMethod = string({
  pattern: /^[A-Za-z][A-Za-z0-9_]{2,99}$/,
  wanted: 'a payment method token such as pm_card_visa',
});

/** How often something has happened, by its name. */
export const counts: Parser<Record<string, number>> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Mismatch(at, 'an object');
  const count = integer({ min: 1 });
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, count(one, `${at}.${name}`)]));
};

const line = trimmed({ max: 200 });
export const shippingAddress: Parser<ShippingAddress> = record(
  {
    name: line,
    line1: line,
    city: line,
    country: string({ pattern: /^[A-Z]{2}$/, wanted: 'an ISO 3166-1 alpha-2 code such as GB' }),
  },
  { optional: { line2: trimmed({ max: 200, blank: true }), postalCode: trimmed({ max: 20 }) } },
);
