import { z } from 'zod';
import { Role } from './identity.ts';
import { type Implementation, operation } from '../platform/contract/operation.ts';

/** Accepts every length that a password ever had, so that a wrong password is wrong rather than malformed. */
const GivenPassword = z.string().min(1).max(128);

export const Credentials = z.strictObject({ email: z.string().min(1).max(254), password: GivenPassword });

/** Where a request came from, if known. The address tells an account's owner from a stranger who guesses passwords. */
const Origin = z.object({ address: z.string().max(64).optional(), userAgent: z.string().max(200).optional() });

export const SignIn = z.strictObject({ ...Credentials.shape, ...Origin.shape });
export type SignIn = z.infer<typeof SignIn>;

export const RefreshSession = z.strictObject({ refreshToken: z.string().min(1).max(200) });
export type RefreshSession = z.infer<typeof RefreshSession>;

/** An open session. `refreshToken` continues it and can be used once. */
export const OpenSession = z.object({
  sessionId: z.uuid(),
  userId: z.uuid(),
  role: Role,
  refreshToken: z.string(),
});
export type OpenSession = z.infer<typeof OpenSession>;

/** Too many wrong passwords: the password was not checked, and will not be checked for this many seconds. */
export const Wait = z.object({ waitSeconds: z.int().min(1) });
export type Wait = z.infer<typeof Wait>;

export const SessionOwner = z.strictObject({ userId: z.string() });
export type SessionOwner = z.infer<typeof SessionOwner>;

/** A session as its user sees it. */
export const SessionView = z.object({
  id: z.uuid(),
  userAgent: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  /** When the session ends if it is not used before. */
  expiresAt: z.iso.datetime(),
});
export type SessionView = z.infer<typeof SessionView>;

export const SessionRef = z.strictObject({ userId: z.string(), sessionId: z.string() });
export type SessionRef = z.infer<typeof SessionRef>;

export const ChangePassword = z.strictObject({
  userId: z.string(),
  /** The session to keep. Absent: all of the user's sessions end. */
  sessionId: z.string().optional(),
  currentPassword: GivenPassword,
  newPassword: z.string().min(8).max(128),
  address: Origin.shape.address,
});
export type ChangePassword = z.infer<typeof ChangePassword>;

export const EndedSince = z.strictObject({ since: z.iso.datetime() });
export type EndedSince = z.infer<typeof EndedSince>;

/** Ended sessions, deleted clients and deactivated users, whose access tokens must be rejected although they have not expired. */
export const Revocations = z.object({
  items: z.array(z.object({ id: z.uuid(), endedAt: z.iso.datetime() })),
  /** The `since` of the next request. */
  asOf: z.iso.datetime(),
  /** Further revocations are available now. */
  more: z.boolean(),
});
export type Revocations = z.infer<typeof Revocations>;

/** Sessions and passwords: part of what the user service's HTTP API offers. */
export const sessionRequests = {
  /**
   * Opens a session for the user with this e-mail address and password. Returns `waitSeconds` after too many wrong
   * passwords, whether or not the account exists. Refuses `BadCredentials`, in the same time whichever is wrong.
   */
  // Repeatable: a session whose response was lost has no holder, and is displaced or purged.
  signIn: operation({
    request: SignIn,
    response: z.union([OpenSession, Wait]),
    refuses: ['BadCredentials'],
  }),
  /**
   * Exchanges a refresh token for the next one. A repeat within 30 seconds returns the same token, unless that one was
   * used. Any later repeat means that the token was stolen, and ends the session. Refuses `SessionEnded`.
   */
  refreshSession: operation({ request: RefreshSession, response: OpenSession, refuses: ['SessionEnded'] }),
  /** The user's open sessions, last used first. */
  listSessions: operation({ request: SessionOwner, response: z.object({ items: z.array(SessionView) }) }),
  /** Ends one of the user's sessions. Refuses `SessionNotFound`, also if it has ended already. */
  endSession: operation({ request: SessionRef, repeatable: false, refuses: ['SessionNotFound'] }),
  /**
   * Changes the password and ends the user's other sessions. Returns `waitSeconds` after too many wrong passwords.
   * Refuses `WrongPassword` and `UserNotFound`.
   */
  changePassword: operation({
    request: ChangePassword,
    response: z.union([z.undefined(), Wait]),
    repeatable: false,
    refuses: ['WrongPassword', 'UserNotFound'],
  }),
  /**
   * The sessions that were ended, rather than expired, the clients that were deleted and the users who were deactivated,
   * oldest first.
   */
  endedSince: operation({ request: EndedSince, response: Revocations }),
};
export type SessionRequests = Implementation<typeof sessionRequests>;
