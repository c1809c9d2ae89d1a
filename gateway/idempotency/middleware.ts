import { createHash } from 'node:crypto';
import type Koa from 'koa';
import { type RequestState, writeProblem } from '../../platform/http/app.ts';
import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute } from '../../platform/http/route.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { problemOf } from '../problems.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Leases } from './leases.ts';
import type { IdempotencyRecords, Lease, StoredResponse } from './records.ts';

/**
 * Requires the header (draft-ietf-httpapi-idempotency-key-header-07) before the body is read. Absent, it is 428 and not
 * the draft's 400: see docs/decisions/0019-missing-idempotency-key.md.
 */
export async function requireIdempotencyKey(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  const key = ctx.get('Idempotency-Key');
  if (key === '') {
    throw new Problem(
      428,
      'IdempotencyKeyRequired',
      'send an Idempotency-Key header, with a new value for each new request',
    );
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, 'InvalidIdempotencyKey', 'an Idempotency-Key must have 1 to 255 visible ASCII characters');
  }
  await next();
}

export interface IdempotencyDependencies {
  records: IdempotencyRecords;
  leases: Leases;
  logger: Logger;
  /** Refuses new requests during overload; repeats are served all the same. */
  overload: () => Problem | undefined;
}

/** Performs the request of a key once, and repeats its first response, on every replica and after restarts. */
export function idempotency(
  definition: AnyRoute,
  { records, leases, logger, overload }: IdempotencyDependencies,
): Koa.Middleware {
  const route = `${definition.method.toUpperCase()} ${definition.path}`;
  return async (ctx, next) => {
    const { asked: request } = ctx.state as RequestState;
    const scope = { caller: request.caller!.id, route, key: request.idempotencyKey! };
    // Before anything is written: refusing a request must cost less than accepting it.
    const refusal = overload();
    if (refusal && !(await records.exists(scope))) throw refusal;
    const claim = await records.claim(scope, hashOf(ctx, request.body));
    if (claim.outcome === 'differs') throw keyReused();
    if (claim.outcome === 'running') throw inProgress();
    if (claim.outcome === 'done') return replay(ctx, claim.response);
    request.retried = claim.retried;
    const lease = { scope, holder: claim.holder };
    await leases.during(lease, () => perform({ ctx, next, records, logger, lease }));
  };
}

interface Attempt {
  ctx: Koa.Context;
  next: Koa.Next;
  records: IdempotencyRecords;
  logger: Logger;
  lease: Lease;
}

async function perform({ ctx, next, records, logger, lease }: Attempt): Promise<void> {
  // The response is sent even if it cannot be stored: the lease expires, and a repeat changes nothing.
  const logFailure = (error: unknown) => logger.warn('idempotency record not written', { error });
  try {
    await next();
  } catch (error) {
    const problem = error instanceof Problem ? error : problemOf(error);
    if (!problem || problem.status >= 500) {
      await records.abandon(lease).catch(logFailure);
      throw error;
    }
    if (!isFinal(problem.status)) {
      await records.release(lease).catch(logFailure);
      throw error;
    }
    writeProblem(ctx, problem);
  }
  await records.finish(lease, responseOf(ctx)).catch(logFailure);
}

/**
 * Whether a response uses up the key. Success does, and so does a 409, which the state of the resource caused. Any
 * other 4xx means that the request is wrong (an unknown SKU, a missing order) and had no effect, so the corrected
 * request may use the same key. After a 5xx the request may have taken effect, so the key stays with it for a retry.
 */
const isFinal = (status: number): boolean => status < 400 || status === 409;

const STORED_HEADERS = ['Content-Type', 'Location', 'ETag', 'Preference-Applied'];

function responseOf(ctx: Koa.Context): StoredResponse {
  const headers = STORED_HEADERS.map((name) => [name, ctx.response.get(name)]).filter(([, value]) => value !== '');
  const body = typeof ctx.body === 'string' ? ctx.body : undefined;
  return { status: ctx.status, headers: Object.fromEntries(headers), body };
}

function replay(ctx: Koa.Context, { status, headers, body }: StoredResponse): void {
  ctx.status = status;
  ctx.set({ ...headers, 'Idempotent-Replayed': 'true' });
  if (body !== undefined) ctx.body = body;
}

/** Hashes the parsed body in a canonical order, because a deployment may change the order of a schema's fields. */
const hashOf = (ctx: Koa.Context, body: unknown): string =>
  createHash('sha256')
    .update(`${ctx.path}\n${canonicalJson(body)}`)
    .digest('hex');

const keyReused = (): Problem =>
  new Problem(422, 'IdempotencyKeyReused', 'this Idempotency-Key was used for another request; use a new one');

const inProgress = (): Problem =>
  new Problem(409, 'RequestInProgress', 'the first request with this Idempotency-Key is still in progress', {
    headers: { 'Retry-After': '1' },
  });
