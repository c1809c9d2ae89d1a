import type Koa from 'koa';
import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute, Caller } from '../../platform/http/route.ts';
import { CHALLENGE } from '../problems.ts';
import type { Callers } from './callers.ts';
import { actsAsStaff, rolesFor } from './staff.ts';

/** Checks that the caller may use the route, and stores the caller in `ctx.state.caller`. */
export const authenticate =
  (callers: Callers, definition: AnyRoute): Koa.Middleware =>
  async (ctx, next) => {
    const { access, scopes } = definition;
    if (access === 'user' || access === 'staff') {
      const caller = await callers.callerOf(bearerToken(ctx));
      if (!caller) throw invalidToken();
      if (caller.scopes) requireScopes(caller.scopes, scopes);
      const isStaff = actsAsStaff(caller, definition);
      if (access === 'staff' && !isStaff) throw forbidden(definition);
      if (caller.role === 'guest' && !definition.guests) throw accountRequired();
      ctx.state.caller = { ...caller, isStaff } satisfies Caller;
    }
    await next();
  };

/** RFC 6750 section 2.1. A token in the query or the body is ignored. */
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

/** A route without scopes is closed to API clients. */
function requireScopes(granted: readonly string[], needed: readonly string[] | undefined): void {
  if (needed?.every((scope) => granted.includes(scope))) return;
  const scope = needed ? `, scope="${needed.join(' ')}"` : '';
  const detail = needed
    ? `this operation needs the scope ${needed.join(' ')}`
    : 'API clients may not use this operation';
  throw new Problem(403, 'InsufficientScope', detail, {
    headers: { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope"${scope}` },
  });
}

// The reason is left out: it would only help an attacker.
const invalidToken = (): Problem =>
  new Problem(401, 'InvalidToken', 'the access token is invalid or has expired; sign in again', {
    headers: { 'WWW-Authenticate': `${CHALLENGE}, error="invalid_token"` },
  });

/** Of what guests may not do. */
export const accountRequired = (): Problem =>
  new Problem(403, 'AccountRequired', 'this operation needs an account: sign up or sign in', {
    headers: { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope"` },
  });

const forbidden = (definition: AnyRoute): Problem =>
  new Problem(403, 'Forbidden', `this operation needs the role ${rolesFor(definition).join(' or ')}`, {
    headers: { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope"` },
  });
