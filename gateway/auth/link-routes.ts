import { z } from 'zod';
import { LinkToken, RequestPasswordReset, ResetPassword } from '../../activities/mail-link.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';

const LinkPath = z.object({ token: LinkToken.meta({ description: 'from the link in the e-mail' }) });

/** Resetting a forgotten password and verifying an e-mail address, by links that are sent to the address. */
export const linkRoutes = (users: UserRequests): AnyRoute[] => [
  route({
    method: 'post',
    path: '/v1/password-resets',
    operationId: 'requestPasswordReset',
    summary: 'Ask for an e-mail with a link to set a new password',
    tag: 'users',
    access: 'public',
    rate: 'sign_in',
    body: RequestPasswordReset.meta({ id: 'RequestPasswordReset', examples: [{ email: 'ada@example.com' }] }),
    responses: { 202: { description: 'Accepted; the response is the same whether or not there is such an account' } },
    async handle({ body }) {
      await users.requestPasswordReset(body);
      return { status: 202 };
    },
  }),

  route({
    method: 'post',
    path: '/v1/password-resets/:token',
    operationId: 'resetPassword',
    summary: 'Set a new password by the link of an e-mail; this ends all sessions',
    tag: 'users',
    access: 'public',
    rate: 'sign_in',
    params: LinkPath,
    body: ResetPassword.omit({ token: true })
      .strict()
      .meta({ id: 'ResetPassword', examples: [{ password: 'staple correct battery horse' }] }),
    responses: { 204: { description: 'Set; sign in with it' } },
    problems: { 404: ['LinkNotFound'] },
    async handle({ params: { token }, body: { password } }) {
      await users.resetPassword({ token, password });
      return { status: 204 };
    },
  }),

  route({
    method: 'post',
    path: '/v1/email-verifications',
    operationId: 'requestEmailVerification',
    summary: 'Ask for an e-mail with a link that verifies your address',
    tag: 'users',
    access: 'user',
    rate: 'sign_in',
    idempotent: true,
    responses: { 202: { description: 'Accepted; no e-mail is sent if the address is verified already' } },
    problems: { 404: ['UserNotFound'] },
    async handle({ caller }) {
      await users.requestEmailVerification({ userId: caller!.id });
      return { status: 202 };
    },
  }),

  route({
    method: 'post',
    path: '/v1/email-verifications/:token',
    operationId: 'verifyEmail',
    summary: 'Verify an e-mail address by the link of an e-mail',
    tag: 'users',
    access: 'public',
    rate: 'sign_in',
    params: LinkPath,
    responses: { 204: { description: 'Verified' } },
    problems: { 404: ['LinkNotFound'] },
    async handle({ params }) {
      await users.verifyEmail(params);
      return { status: 204 };
    },
  }),
];
