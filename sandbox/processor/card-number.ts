import type Koa from 'koa';
import { z } from 'zod';
import { Problem } from '../../platform/http/problem.ts';

// 12 to 19 digits (ISO/IEC 7812), alone or as a word of their own. Its check digit does not matter: a mistyped
// card number is one too. A hyphen or letter before it makes it part of an id, such as a UUID.
const CARD_NUMBER = /(?<![\w-])\d(?:[\s-]*\d){11,18}(?![\w-])/;

/** The body's shape, after no string in it, wherever it stands, turned out to look like a card number. */
export const cardless = <Shape extends z.ZodType>(shape: Shape) =>
  z.preprocess((body) => {
    refuseCardNumbers(body);
    return body;
  }, shape);

/** The same for the path, the query and the Idempotency-Key. */
export async function refuseCardNumbersOutsideBody(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  refuseCardNumbers([ctx.params, ctx.query, ctx.get('Idempotency-Key')]);
  await next();
}

function refuseCardNumbers(value: unknown): void {
  // A stack of its own: nested deep enough, a body would exhaust that of the calls.
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'object' && next !== null) for (const part of Object.entries(next)) waiting.push(...part);
    else if (typeof next === 'string' && CARD_NUMBER.test(next)) {
      throw new Problem(400, 'CardNumberRefused', 'this looks like a card number; only tokens may be sent here');
    }
  }
}
