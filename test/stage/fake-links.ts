import type { LinkRequests } from '../../activities/mail-link.ts';
import type { User } from '../../activities/user.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

export interface FakeLinks {
  /** The address or the user of each request for a link. */
  requested: string[];
  /** The user of each token. */
  tokens: Map<string, string>;
}

/** The links in mails of the user service in memory. */
export function fakeLinks(users: Map<string, User & { password: string }>, links: FakeLinks): LinkRequests {
  const spend = (token: string) => {
    const user = users.get(links.tokens.get(token) ?? '');
    if (!user) throw new Refusal('LinkNotFound', 'this link is not valid');
    links.tokens.delete(token);
    return user;
  };
  return {
    requestPasswordReset: async ({ email }) => void links.requested.push(email),
    resetPassword: async ({ token, password }) => void Object.assign(spend(token), { password }),
    requestEmailVerification: async ({ userId }) => void links.requested.push(userId),
    verifyEmail: async ({ token }) => void Object.assign(spend(token), { emailVerified: true }),
    async issueLink() {
      throw new Refusal('LinkNotFound', 'the gateway issues no links');
    },
  };
}
