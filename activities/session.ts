import { z } from 'zod';
import { Role } from './identity.ts';
import { type Implementation, operation } from '../platform/contract/operation.ts';

/** Of any length that a password ever had, so that a wrong one is wrong and not malformed. */
const GivenPassword = z.string().min(1).max(128);

export const Credentials = z.strictObject({ email: z.string().min(1).max(254), password: GivenPassword });

/** Where a request came from, as far as the gateway knows: tells the owner of an account from a stranger who guesses. */
const Origin = z.object({ address: z.string().max(64).optional(), userAgent: z.string().max(200).optional() });

export const SignIn = z.strictObject({ ...Credentials.shape, ...Origin.shape });
export type SignIn = z.infer<typeof SignIn>;

export const RefreshSession = z.strictObject({ refreshToken: z.string().min(1).max(200) });
export type RefreshSession = z.infer<typeof RefreshSession>;

/** Somebody is signed in: `refreshToken` is the one thing that continues it, once. */
export const OpenSession = z.object({
  sessionId: z.uuid(),
  userId: z.uuid(),
  role: Role,
  refreshToken: z.string(),
});
export type OpenSession = z.infer<typeof OpenSession>;

/** Too many wrong passwords have been tried: nothing was checked, and nothing will be for so many seconds. */
export const Wait = z.object({ waitSeconds: z.int().min(1) });
export type Wait = z.infer<typeof Wait>;

export const SessionOwner = z.strictObject({ userId: z.string() });
export type SessionOwner = z.infer<typeof SessionOwner>;

export const SessionView = z.object({
  id: z.uuid(),
  userAgent: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime(),
  /** When it ends by itself unless it is used before. */
  expiresAt: z.iso.datetime(),
});
export type SessionView = z.infer<typeof SessionView>;

export const SessionRef = z.strictObject({ userId: z.string(), sessionId: z.string() });
export type SessionRef = z.infer<typeof SessionRef>;

export const ChangePassword = z.strictObject({
  userId: z.string(),
  /** Of all the user's sessions the one that goes on; absent: none does. */
  sessionId: z.string().optional(),
  currentPassword: GivenPassword,
  newPassword: z.string().min(8).max(128),
  address: Origin.shape.address,
});
export type ChangePassword = z.infer<typeof ChangePassword>;

export const EndedSince = z.strictObject({ since: z.iso.datetime() });
export type EndedSince = z.infer<typeof EndedSince>;

/** What must not be believed any more though its access tokens have not expired; ask again from `asOf` on. */
export const Ended = z.object({
  items: z.array(z.object({ id: z.uuid(), endedAt: z.iso.datetime() })),
  asOf: z.iso.datetime(),
  /** Whether there were more than one answer holds. */
  more: z.boolean(),
});
export type Ended = z.infer<typeof Ended>;

/** Signing in and staying so: part of what the user service can be asked. */
export const sessionRequests = {
  /**
   * Opens a session for whoever has this e-mail and password. Refuses `BadCredentials`, in the same time whichever of
   * the two is wrong; `waitSeconds` after too many wrong ones, whether or not there is such an account.
   */
  // A session whose opening was not heard of is one that nobody holds: it is displaced or purged.
  signIn: operation({
    request: SignIn,
    response: z.union([OpenSession, Wait]),
    refuses: ['BadCredentials'],
  }),
  /**
   * Spends a refresh token for the next one. The same again within half a minute gets the same answer, unless that
   * was used; later it means that two hold it, which ends the session. Refuses `SessionEnded`.
   */
  refreshSession: operation({ request: RefreshSession, response: OpenSession, refuses: ['SessionEnded'] }),
  /** The user's sessions that have not ended, last used first. */
  listSessions: operation({ request: SessionOwner, response: z.object({ items: z.array(SessionView) }) }),
  /** Ends one session of this user. Refuses `SessionNotFound`, also where it has ended. */
  endSession: operation({ request: SessionRef, repeatable: false, refuses: ['SessionNotFound'] }),
  /** Ends every other session. Refuses `WrongPassword` and `UserNotFound`; `waitSeconds` after too many wrong ones. */
  changePassword: operation({
    request: ChangePassword,
    response: z.union([z.undefined(), Wait]),
    repeatable: false,
    refuses: ['WrongPassword', 'UserNotFound'],
  }),
  /** Sessions that were ended before their time, and machine clients that were deleted, oldest first. */
  endedSince: operation({ request: EndedSince, response: Ended }),
};
export type SessionRequests = Implementation<typeof sessionRequests>;
