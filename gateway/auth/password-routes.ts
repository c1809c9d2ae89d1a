import { ChangePassword } from '../../activities/session.ts';
import type { UserRequests } from '../../activities/user.ts';
import { type AnyRoute, route } from '../../platform/http/route.ts';
import { tooManyAttempts } from './too-many-attempts.ts';

const NewPassword = ChangePassword.pick({ currentPassword: true, newPassword: true })
  .strict()
  .meta({
    id: 'ChangePassword',
    examples: [{ currentPassword: 'correct horse battery', newPassword: 'staple correct battery horse' }],
  });

export const passwordRoutes = (users: UserRequests): AnyRoute[] => [
  route({
    method: 'put',
    path: '/v1/users/me/password',
    operationId: 'changePassword',
    summary: 'Change your password; this ends all your other sessions',
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
