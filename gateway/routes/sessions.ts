import { z } from 'zod';
import { SignIn, type UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import type { Tokens } from '../tokens.ts';

const Session = z
  .object({
    accessToken: z.string().meta({ description: 'a JWT: send it as `Authorization: Bearer …`' }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().meta({ description: 'seconds' }),
  })
  .meta({ id: 'Session' });

/** Signing in. */
export const sessionRoutes = (users: UserRequests, tokens: Tokens): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/sessions',
    operationId: 'signIn',
    summary: 'Sign in',
    tag: 'users',
    access: 'public',
    body: SignIn.meta({ id: 'SignIn', examples: [{ email: 'ada@example.com', password: 'correct horse battery' }] }),
    responses: { 201: { description: 'Signed in', body: Session } },
    problems: { 401: ['BadCredentials'] },
    async handle({ body }) {
      const { id, role } = await users.signIn(body);
      return { status: 201, body: { ...(await tokens.issue({ id, role })), tokenType: 'Bearer' } };
    },
  }),
];
