import { z } from 'zod';
import { Credentials, type OpenSession, RefreshSession, SessionView } from '../../activities/session.ts';
import type { UserRequests } from '../../activities/user.ts';
import { Problem } from '../../platform/http/problem.ts';
import { type AnyRoute, type Caller, type Links, route } from '../../platform/http/route.ts';
import { linksTo } from '../openapi/links.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { Tokens } from './tokens.ts';
import { tooManyAttempts } from './too-many-attempts.ts';

export interface SessionDependencies {
  users: UserRequests;
  tokens: Tokens;
  ended: EndedSessions;
}

/** Signing in and out, and renewing tokens. */
export const sessionRoutes = (dependencies: SessionDependencies): AnyRoute[] => [
  signIn(dependencies),
  refreshSession(dependencies),
  listSessions(dependencies.users),
  signOut(dependencies),
  endSession(dependencies),
];

const Session = z
  .object({
    accessToken: z.string().meta({ description: 'a JWT; send it as `Authorization: Bearer …`' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'lifetime of the access token in seconds' }),
    refreshToken: z.string().meta({ description: 'valid for one POST /v1/sessions/refresh' }),
  })
  .meta({
    id: 'Session',
    examples: [
      {
        accessToken: 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiI2ZDFmMGMxZSJ9.c2lnbmF0dXJl',
        tokenType: 'Bearer',
        expiresIn: 900,
        refreshToken: 'qUo3Zq0bM1cWcZ8uJm5Y2wq0J3l1b9sXq7bq3V5d8aE',
      },
    ],
  });
const SESSION: Links = { refreshSession: { requestBody: { refreshToken: '$response.body#/refreshToken' } } };
const ListedSession = SessionView.extend({ current: z.boolean() }).meta({ id: 'ListedSession' });

function signIn({ users, tokens }: SessionDependencies): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/sessions',
    operationId: 'signIn',
    summary: 'Sign in',
    tag: 'users',
    access: 'public',
    rate: 'sign_in',
    body: Credentials.meta({
      id: 'SignIn',
      examples: [{ email: 'ada@example.com', password: 'correct horse battery' }],
    }),
    responses: { 201: { description: 'Signed in', body: Session, links: SESSION } },
    problems: { 401: ['BadCredentials'], 429: ['TooManyAttempts'] },
    async handle({ body, address, header }) {
      const result = await users.signIn({ ...body, address, userAgent: header('User-Agent').slice(0, 200) });
      if ('waitSeconds' in result) throw tooManyAttempts(result);
      return { status: 201, body: await sessionOf(tokens, result) };
    },
  });
}

function refreshSession({ users, tokens }: SessionDependencies): AnyRoute {
  return route({
    method: 'post',
    path: '/v1/sessions/refresh',
    operationId: 'refreshSession',
    summary: 'Exchange a refresh token for a new pair of tokens',
    tag: 'users',
    access: 'public',
    body: RefreshSession.meta({
      id: 'RefreshSession',
      examples: [{ refreshToken: 'qUo3Zq0bM1cWcZ8uJm5Y2wq0J3l1b9sXq7bq3V5d8aE' }],
    }),
    responses: { 200: { description: 'The new tokens', body: Session, links: SESSION } },
    problems: { 401: ['SessionEnded'] },
    handle: async ({ body }) => ({ status: 200, body: await sessionOf(tokens, await users.refreshSession(body)) }),
  });
}

function listSessions(users: UserRequests): AnyRoute {
  return route({
    method: 'get',
    path: '/v1/sessions',
    operationId: 'listSessions',
    summary: 'List your sessions, last used first',
    tag: 'users',
    access: 'user',
    responses: {
      200: {
        description: 'Your sessions',
        body: z.object({ items: z.array(ListedSession) }),
        links: linksTo(['endSession'], { sessionId: '$response.body#/items/0/id' }),
      },
    },
    async handle({ caller }) {
      const { items } = await users.listSessions({ userId: caller!.id });
      return {
        status: 200,
        body: { items: items.map((item) => ({ ...item, current: item.id === caller!.sessionId })) },
      };
    },
  });
}

function signOut(dependencies: SessionDependencies): AnyRoute {
  return route({
    method: 'delete',
    path: '/v1/sessions/current',
    operationId: 'signOut',
    summary: 'Sign out',
    tag: 'users',
    access: 'user',
    responses: { 204: { description: 'Signed out; neither token of the session is valid any more' } },
    problems: { 404: ['SessionNotFound'] },
    handle: ({ caller }) => end(dependencies, { userId: caller!.id, sessionId: sessionIdOf(caller!) }),
  });
}

function endSession(dependencies: SessionDependencies): AnyRoute {
  return route({
    method: 'delete',
    path: '/v1/sessions/:sessionId',
    operationId: 'endSession',
    summary: 'End one of your sessions, for example on another device',
    tag: 'users',
    access: 'user',
    params: z.object({ sessionId: z.string() }),
    responses: { 204: { description: 'The session has ended' } },
    problems: { 404: ['SessionNotFound'] },
    handle: ({ caller, params }) => end(dependencies, { userId: caller!.id, sessionId: params.sessionId }),
  });
}

function sessionIdOf({ sessionId }: Caller): string {
  if (sessionId === undefined) throw new Problem(404, 'SessionNotFound', 'this access token belongs to no session');
  return sessionId;
}

async function sessionOf(tokens: Tokens, { userId, role, sessionId, refreshToken }: OpenSession) {
  const issued = await tokens.issue({ id: userId, role, sessionId });
  return { ...issued, tokenType: 'Bearer', refreshToken };
}

async function end({ users, ended }: SessionDependencies, session: { userId: string; sessionId: string }) {
  await users.endSession(session);
  ended.add(session.sessionId);
  return { status: 204 };
}
