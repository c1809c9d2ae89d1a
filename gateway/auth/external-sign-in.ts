import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute } from '../../platform/http/route.ts';

/** What only makes sense where people have their passwords and sessions here. */
const OWN_ACCOUNTS = new Set([
  'signUp',
  'signIn',
  'refreshSession',
  'listSessions',
  'signOut',
  'endSession',
  'changePassword',
]);

/** The same routes where people sign in at another issuer: those for signing in here say where to go instead. */
export const signInElsewhere = (routes: AnyRoute[], issuer: string): AnyRoute[] =>
  routes.map((definition) => {
    if (!OWN_ACCOUNTS.has(definition.operationId)) return definition;
    const { body: _body, problems: _problems, ...rest } = definition;
    return {
      ...rest,
      access: 'public',
      responses: {},
      problems: { 403: ['SignInElsewhere'] },
      handle() {
        throw new Problem(403, 'SignInElsewhere', `people sign in at ${issuer}, not here`);
      },
    };
  });
