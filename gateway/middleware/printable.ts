import type Koa from 'koa';
import type { RequestState } from '../../platform/http/app.ts';
import { type FieldError, Problem } from '../../platform/http/problem.ts';

/** Names of the fields that may have several lines. */
export const MULTILINE_FIELDS = new Set(['description', 'reason', 'note']);

/**
 * Refuses text that databases, labels or log lines cannot hold: control characters (including NUL) and lone surrogates.
 * Runs after validation, which has bounded the input's depth.
 */
export async function refuseUnprintable(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const { asked } = ctx.state as RequestState;
  const errors = [asked.params, asked.query, asked.body].flatMap((part) => unprintable(part, '', ''));
  if (errors.length > 0) {
    throw new Problem(400, 'InvalidRequest', 'the request contains control characters or invalid Unicode', {
      errors: errors.slice(0, 50),
    });
  }
  await next();
}

function unprintable(value: unknown, name: string, pointer: string): FieldError[] {
  if (typeof value === 'string') {
    if (value.isWellFormed() && !control(name).test(value)) return [];
    return [{ pointer, detail: 'contains control characters or invalid Unicode' }];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    unprintable(inner, key, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

const control = (name: string): RegExp => (MULTILINE_FIELDS.has(name) ? CONTROL_EXCEPT_LINES : CONTROL);

const CONTROL = /\p{Cc}/u;
const CONTROL_EXCEPT_LINES = /(?![\t\n\r])\p{Cc}/u;
