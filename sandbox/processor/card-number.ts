import type Koa from 'koa';
import { z } from 'zod';
import { Problem } from '../../platform/http/problem.ts';

// 12 to 19 digits (ISO/IEC 7812) as a separate word. The check digit is ignored, because a mistyped card number must be
// refused, too. A preceding hyphen or letter makes the digits part of an id, such as a UUID.
const CARD_NUMBER = /(?<![\w-])\d(?:[\s-]*\d){11,18}(?![\w-])/;

/** Wraps a body's schema: refuses a body in which any string, at any depth, looks like a card number. */
export const withoutCardNumbers = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((body) => {
    refuseCardNumbers(body);
    return body;
  }, schema);

/** Does the same for the path, the query and the Idempotency-Key. */
export async function refuseCardNumbersOutsideBody(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  refuseCardNumbers([ctx.params, ctx.query, ctx.get('Idempotency-Key')]);
  await next();
}

function refuseCardNumbers(value: unknown): void {
  // An explicit stack: recursion on a deeply nested body would overflow the call stack.
  const stack = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (typeof next === 'object' && next !== null) for (const part of Object.entries(next)) stack.push(...part);
    else if (typeof next === 'string' && CARD_NUMBER.test(next)) {
      throw new Problem(400, 'CardNumberRefused', 'this looks like a card number: send a payment method token instead');
    }
  }
}
