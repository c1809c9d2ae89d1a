import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute, Caller } from '../../platform/http/route.ts';
import { callerAddress, clientAddress, type parseProxies } from './client-address.ts';
import { type RateLimits, type RatePolicy, type Standing, WINDOW_SECONDS } from './limits.ts';

/** How many requests a minute are let through: of one caller, and of one address that signs in or up. */
export interface RateQuotas {
  perMinute: number;
  signInPerMinute: number;
}

/** Leaves in `ctx.ip` whom the request comes from, as far as our own proxies know. */
export const believeProxies =
  (proxies: ReturnType<typeof parseProxies>): Koa.Middleware =>
  async (ctx, next) => {
    ctx.request.ip = clientAddress(ctx.req.socket.remoteAddress ?? '', ctx.get('X-Forwarded-For'), proxies);
    await next();
  };

/** Whose access token this is, if anybody's. */
type CallerOf = (token: string) => Promise<Caller | undefined>;

export function rateLimiting(limits: RateLimits, callerOf: CallerOf, { perMinute, signInPerMinute }: RateQuotas) {
  const usual = { name: 'default', quota: perMinute };
  const signIn = { name: 'sign-in', quota: signInPerMinute };

  return {
    /**
     * Counts whoever `admit` lets through under the caller's own id, and everybody else, bad tokens too, under the
     * address: before anything costly is done, and after no more than a look at a signature.
     */
    counted(definition: AnyRoute, admit: Koa.Middleware): Koa.Middleware {
      // The carrier's news are signed and must all be heard; who asks for our health decides about our life.
      if (definition.access === 'signed' || definition.rate === 'uncounted') return admit;
      const isSignIn = definition.rate === 'sign_in';
      return async (ctx, next) => {
        let refusal: unknown;
        await Promise.resolve(admit(ctx, async () => {})).catch((error: unknown) => (refusal = error));
        const caller = (ctx.state.caller as Caller | undefined) ?? (await shownTo(ctx, callerOf));
        await count(limits, ctx, isSignIn ? { policy: signIn } : { policy: usual, caller });
        if (refusal) throw refusal;
        await next();
      };
    },

    /** For what is at no route at all. */
    async unrouted(ctx: Koa.Context, next: Koa.Next): Promise<void> {
      await count(limits, ctx, { policy: usual });
      await next();
    },
  };
}

interface Counted {
  policy: RatePolicy;
  caller?: Caller | undefined;
}

async function count(limits: RateLimits, ctx: Koa.Context, { policy, caller }: Counted): Promise<void> {
  const standing = await limits.count(policy, caller ? `user ${caller.id}` : `address ${callerAddress(ctx.ip)}`);
  ctx.set(headersOf(policy, standing));
  if (standing.admitted) return;
  throw new Problem(429, 'TooManyRequests', `at most ${policy.quota} requests a minute are answered here`, {
    headers: { 'Retry-After': String(standing.resetSeconds) },
  });
}

/** Whoever is signed in counts as such also where nobody has to be. */
async function shownTo(ctx: Koa.Context, callerOf: CallerOf): Promise<Caller | undefined> {
  const [, token] = /^Bearer +(\S+)$/i.exec(ctx.get('Authorization')) ?? [];
  return token === undefined ? undefined : callerOf(token);
}

/** draft-ietf-httpapi-ratelimit-headers-10: what is allowed, and how much of it is left for how long. */
const headersOf = ({ name, quota }: RatePolicy, { remaining, resetSeconds }: Standing) => ({
  'RateLimit-Policy': `"${name}";q=${quota};w=${WINDOW_SECONDS}`,
  RateLimit: `"${name}";r=${remaining};t=${resetSeconds}`,
});
