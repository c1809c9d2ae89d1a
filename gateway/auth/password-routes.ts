import { ChangePassword } from '../../activities/session.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { tooManyAttempts } from './session-of.ts';

const NewPassword = ChangePassword.pick({ currentPassword: true, newPassword: true })
  .strict()
  .meta({
    id: 'ChangePassword',
    examples: [{ currentPassword: 'correct horse battery', newPassword: 'staple correct battery horse' }],
  });

/** Changing one's password. */
export const passwordRoutes = (users: UserRequests): AnyRoute[] => [
  route({
    method: 'put',
    path: '/v1/users/me/password',
    operationId: 'changePassword',
    summary: 'Change your password: you stay signed in here and are signed out everywhere else',
    tag: 'users',
    access: 'user',
    rate: 'sign_in',
    body: NewPassword,
    responses: { 204: { description: 'Changed' } },
    problems: { 403: ['WrongPassword'], 404: ['UserNotFound'], 429: ['TooManyAttempts'] },
    async handle({ body, caller, address }) {
      const { id: userId, sessionId } = caller!;
      const wait = await users.changePassword({ ...body, userId, sessionId, address });
      if (wait) throw tooManyAttempts(wait);
      return { status: 204 };
    },
  }),
];
