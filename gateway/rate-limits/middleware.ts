import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute, Caller } from '../../platform/http/route.ts';
import { callerAddress, clientAddress, type parseProxies } from './client-address.ts';
import { type RateLimits, type RatePolicy, type QuotaState, WINDOW_SECONDS } from './limits.ts';

/** Requests per minute: of one caller, and of one address to the routes for signing in and up. */
export interface RateQuotas {
  perMinute: number;
  signInPerMinute: number;
}

/** Sets `ctx.ip` to the client's address as reported by our own proxies. */
export const trustProxies =
  (proxies: ReturnType<typeof parseProxies>): Koa.Middleware =>
  async (ctx, next) => {
    ctx.request.ip = clientAddress(ctx.req.socket.remoteAddress ?? '', ctx.get('X-Forwarded-For'), proxies);
    await next();
  };

/** Finds the caller of an access token, if it is valid. */
type CallerOf = (token: string) => Promise<Caller | undefined>;

export function rateLimiting(limits: RateLimits, callerOf: CallerOf, { perMinute, signInPerMinute }: RateQuotas) {
  const usual = { name: 'default', quota: perMinute };
  const signIn = { name: 'sign-in', quota: signInPerMinute };

  return {
    /**
     * Counts requests of users and API clients by the caller's id, and all others, including those with invalid tokens, by
     * the address. So are guests counted, because anybody may become any number of them. It runs before anything expensive; only the verification of a signature comes first.
     */
    counted(definition: AnyRoute, authenticate: Koa.Middleware): Koa.Middleware {
      // The carrier's signed callbacks must all be accepted; health checks decide about restarts.
      if (definition.access === 'signed' || definition.rate === 'uncounted') return authenticate;
      const isSignIn = definition.rate === 'sign_in';
      return async (ctx, next) => {
        let refusal: unknown;
        await Promise.resolve(authenticate(ctx, async () => {})).catch((error: unknown) => (refusal = error));
        const caller = (ctx.state.caller as Caller | undefined) ?? (await callerOfToken(ctx, callerOf));
        await count(limits, ctx, isSignIn ? { policy: signIn } : { policy: usual, caller });
        if (refusal) throw refusal;
        await next();
      };
    },

    /** For requests that match no route. */
    async unrouted(ctx: Koa.Context, next: Koa.Next): Promise<void> {
      await count(limits, ctx, { policy: usual });
      await next();
    },
  };
}

interface CountedRequest {
  policy: RatePolicy;
  caller?: Caller | undefined;
}

async function count(limits: RateLimits, ctx: Koa.Context, { policy, caller }: CountedRequest): Promise<void> {
  const isKnown = caller !== undefined && caller.role !== 'guest';
  const state = await limits.count(policy, isKnown ? `user ${caller.id}` : `address ${callerAddress(ctx.ip)}`);
  ctx.set(headersOf(policy, state));
  if (state.admitted) return;
  throw new Problem(429, 'TooManyRequests', `too many requests: the limit is ${policy.quota} per minute`, {
    headers: { 'Retry-After': String(state.resetSeconds) },
  });
}

/** On public routes too, a signed-in caller is counted by id. */
async function callerOfToken(ctx: Koa.Context, callerOf: CallerOf): Promise<Caller | undefined> {
  const [, token] = /^Bearer +(\S+)$/i.exec(ctx.get('Authorization')) ?? [];
  return token === undefined ? undefined : callerOf(token);
}

/** The limit and its remaining quota, by draft-ietf-httpapi-ratelimit-headers-10. */
const headersOf = ({ name, quota }: RatePolicy, { remaining, resetSeconds }: QuotaState) => ({
  'RateLimit-Policy': `"${name}";q=${quota};w=${WINDOW_SECONDS}`,
  RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
});
