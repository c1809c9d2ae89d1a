import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute, Caller } from '../../platform/http/route.ts';
import type { Callers } from './callers.ts';
import { CHALLENGE } from '../problems.ts';

/** Lets through whom a route is for, and leaves who it is in `ctx.state.caller`. */
export const authenticate =
  (callers: Callers, { access, scopes }: AnyRoute): Koa.Middleware =>
  async (ctx, next) => {
    if (access === 'user' || access === 'admin') {
      const caller = await callers.callerOf(bearerToken(ctx));
      if (!caller) throw invalidToken();
      if (caller.scopes) requireScopes(caller.scopes, scopes);
      else if (access === 'admin' && caller.role !== 'admin') throw forbidden();
      ctx.state.caller = caller satisfies Caller;
    }
    await next();
  };

/** RFC 6750 section 2.1; a token in the query or the body is not looked for. */
function bearerToken(ctx: Koa.Context): string {
  const authorization = ctx.get('Authorization');
  if (authorization === '') {
    throw new Problem(401, 'Unauthorized', 'sign in first: POST /v1/sessions', {
      headers: { 'WWW-Authenticate': CHALLENGE },
    });
  }
  const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
  if (!token) throw invalidToken();
  return token;
}

/** A machine may do what its scopes say, and where a route names none, nothing. */
function requireScopes(granted: readonly string[], needed: readonly string[] | undefined): void {
  if (needed?.every((scope) => granted.includes(scope))) return;
  const scope = needed ? `, scope="${needed.join(' ')}"` : '';
  const detail = needed ? `this needs the scope ${needed.join(' ')}` : 'this is for people, not for machines';
  throw new Problem(403, 'InsufficientScope', detail, {
    headers: { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope"${scope}` },
  });
}

// Why is for our tests to know: telling an attacker which check failed helps nobody else.
const invalidToken = (): Problem =>
  new Problem(401, 'InvalidToken', 'this access token is not valid, or not any more: sign in again', {
    headers: { 'WWW-Authenticate': `${CHALLENGE}, error="invalid_token"` },
  });

const forbidden = (): Problem =>
  new Problem(403, 'Forbidden', 'this is for admins', {
    headers: { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope"` },
  });
