import { createHash } from 'node:crypto';
import type Koa from 'koa';
import { type RequestState, writeProblem } from '../../platform/http/app.ts';
import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute } from '../../platform/http/route.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { canonicalJson } from './canonical-json.ts';
import type { IdempotencyRecords, IdempotencyScope, KeptAnswer } from './records.ts';
import { problemOf } from '../problems.ts';

/** Asks for the header where a route needs it (draft-ietf-httpapi-idempotency-key-header), before anything is read. */
export async function requireIdempotencyKey(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const key = ctx.get('Idempotency-Key');
  if (key === '') {
    throw new Problem(428, 'IdempotencyKeyRequired', 'send an Idempotency-Key header, a new one for each new wish');
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, 'InvalidIdempotencyKey', 'an Idempotency-Key is 1 to 255 visible ASCII characters');
  }
  await next();
}

export interface IdempotencyDependencies {
  records: IdempotencyRecords;
  logger: Logger;
  /** Why nothing new is begun under this route just now, or undefined: what was begun before is answered all the same. */
  closed: () => Problem | undefined;
}

/** Does the work of one key once and answers every repeat with the first answer, on every replica and after restarts. */
export function idempotency(
  definition: AnyRoute,
  { records, logger, closed }: IdempotencyDependencies,
): Koa.Middleware {
  const route = `${definition.method.toUpperCase()} ${definition.path}`;
  return async (ctx, next) => {
    const { asked } = ctx.state as RequestState;
    const scope = { caller: asked.caller!.id, route, key: asked.idempotencyKey! };
    // Before anything is written: turning away must cost less than letting in.
    const refusal = closed();
    if (refusal && !(await records.knows(scope))) throw refusal;
    const claim = await records.claim(scope, hashOf(ctx, asked.body));
    if (claim.outcome === 'differs') throw reused();
    if (claim.outcome === 'running') throw running();
    if (claim.outcome === 'done') return replay(ctx, claim.answer);
    asked.retried = claim.retried;
    await perform({ ctx, next, records, logger, scope, holder: claim.holder });
  };
}

interface Attempt {
  ctx: Koa.Context;
  next: Koa.Next;
  records: IdempotencyRecords;
  logger: Logger;
  scope: IdempotencyScope;
  holder: string;
}

async function perform({ ctx, next, records, logger, scope, holder }: Attempt): Promise<void> {
  // The answer stands whether or not it can be kept: the lease ends, and doing it again changes nothing.
  const note = (error: unknown) => logger.warn('idempotency record not written', { error });
  try {
    await next();
  } catch (error) {
    const problem = error instanceof Problem ? error : problemOf(error);
    if (!problem || problem.status >= 500) {
      await records.abandon(scope, holder).catch(note);
      throw error;
    }
    if (!isFinal(problem.status)) {
      await records.release(scope, holder).catch(note);
      throw error;
    }
    writeProblem(ctx, problem);
  }
  await records.finish(scope, holder, answerOf(ctx)).catch(note);
}

/**
 * Which answers a key is used up by: success, and a 409, which is what the state of things decided. The other 4xx say
 * that the request itself is no good (an unknown SKU, an absent order): nothing was done, so the corrected request may
 * come under the same key. A 5xx may have done its work, so that the key stays with this request, to be tried again.
 */
const isFinal = (status: number): boolean => status < 400 || status === 409;

const KEPT_HEADERS = ['Content-Type', 'Location', 'ETag', 'Preference-Applied'];

function answerOf(ctx: Koa.Context): KeptAnswer {
  const headers = KEPT_HEADERS.map((name) => [name, ctx.response.get(name)]).filter(([, value]) => value !== '');
  const body = typeof ctx.body === 'string' ? ctx.body : undefined;
  return { status: ctx.status, headers: Object.fromEntries(headers), body };
}

function replay(ctx: Koa.Context, { status, headers, body }: KeptAnswer): void {
  ctx.status = status;
  ctx.set({ ...headers, 'Idempotent-Replayed': 'true' });
  if (body !== undefined) ctx.body = body;
}

/** The body is hashed as it was understood, and in one order: a shape may list its fields otherwise after a deployment. */
const hashOf = (ctx: Koa.Context, body: unknown): string =>
  createHash('sha256')
    .update(`${ctx.path}\n${canonicalJson(body)}`)
    .digest('hex');

const reused = (): Problem =>
  new Problem(422, 'IdempotencyKeyReused', 'this Idempotency-Key stands for another request: use a new one');

const running = (): Problem =>
  new Problem(409, 'RequestInProgress', 'the first request under this Idempotency-Key is still being worked on', {
    headers: { 'Retry-After': '1' },
  });
