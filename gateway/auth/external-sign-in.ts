import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute } from '../../platform/http/route.ts';

/** Operations that need passwords, sessions and e-mail addresses of this platform. */
const SIGN_IN_OPERATIONS = new Set([
  'signUp',
  'signIn',
  'refreshSession',
  'listSessions',
  'signOut',
  'endSession',
  'changePassword',
  'requestPasswordReset',
  'resetPassword',
  'requestEmailVerification',
  'verifyEmail',
]);

/** Replaces the routes for signing in here by a 403 that names the external issuer. */
export const replaceSignInRoutes = (routes: AnyRoute[], issuer: string): AnyRoute[] =>
  routes.map((definition) => {
    if (!SIGN_IN_OPERATIONS.has(definition.operationId)) return definition;
    const { body: _body, problems: _problems, idempotent: _idempotent, ...rest } = definition;
    return {
      ...rest,
      access: 'public',
      responses: {},
      problems: { 403: ['SignInElsewhere'] },
      handle() {
        throw new Problem(403, 'SignInElsewhere', `sign in at ${issuer} instead`);
      },
    };
  });
