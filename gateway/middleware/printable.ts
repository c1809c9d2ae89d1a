import type Koa from 'koa';
import type { RequestState } from '../../platform/http/app.ts';
import { type FieldError, Problem } from '../../platform/http/problem.ts';

/** Where people write several lines. */
export const PROSE = new Set(['description', 'reason', 'note']);

/**
 * Refuses text that no database, label or log line holds faithfully: control characters, NUL among them, and
 * halves of surrogate pairs. Runs on checked input, whose depth its shape has bounded.
 */
export async function refuseUnprintable(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const { asked } = ctx.state as RequestState;
  const errors = [asked.params, asked.query, asked.body].flatMap((part) => unprintable(part, '', ''));
  if (errors.length > 0) {
    throw new Problem(400, 'InvalidRequest', 'the request holds characters that are not text', {
      errors: errors.slice(0, 50),
    });
  }
  await next();
}

function unprintable(value: unknown, name: string, pointer: string): FieldError[] {
  if (typeof value === 'string') {
    if (value.isWellFormed() && !control(name).test(value)) return [];
    return [{ pointer, detail: 'holds control characters or broken Unicode' }];
  }
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    unprintable(inner, key, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}

const control = (name: string): RegExp => (PROSE.has(name) ? CONTROL_BUT_LINES : CONTROL);

const CONTROL = /\p{Cc}/u;
const CONTROL_BUT_LINES = /(?![\t\n\r])\p{Cc}/u;
