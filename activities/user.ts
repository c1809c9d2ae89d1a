import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import type { EventShapes } from '../platform/contract/event.ts';
import { clientRequests } from './client.ts';
import { GuestClaimed, GuestUpdated, guestRequests } from './guest.ts';
import { linkRequests } from './mail-link.ts';
import { Email } from './email.ts';
import { Role } from './identity.ts';
import { type Implementation, type RefusalOf, operation, pageOf } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';
import { sessionRequests } from './session.ts';
import { text } from './text.ts';

export { Email } from './email.ts';
export { Role } from './identity.ts';

/** The length is the only rule (NIST SP 800-63B section 3.1.1.2). */
export const Password = z.string().min(8).max(128);
export const PersonName = text(200);

/** A user's account and profile. */
export const User = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: Role,
  shippingAddress: ShippingAddress.nullable(),
  /** Whether the user has shown to receive mail at the address. */
  emailVerified: z.boolean(),
  /** False: the user cannot sign in, and tokens issued before are rejected. */
  active: z.boolean(),
  /** Incremented by every change; used for ETags. */
  version: z.int(),
  createdAt: z.iso.datetime(),
});
export type User = z.infer<typeof User>;

export const Register = z.strictObject({ email: Email, password: Password, name: PersonName });
export type Register = z.infer<typeof Register>;
export const UserRef = z.strictObject({ userId: z.string() });
export type UserRef = z.infer<typeof UserRef>;
export const UpdateUser = z.strictObject({
  userId: z.string(),
  name: PersonName.optional(),
  shippingAddress: ShippingAddress.optional(),
  /** The request is refused with `VersionConflict` unless this is the current version. Absent: the last writer wins. */
  expectedVersion: z.int().optional(),
});
export type UpdateUser = z.infer<typeof UpdateUser>;

export const EnsureUser = z.strictObject({
  userId: z.uuid(),
  name: PersonName,
  email: Email.optional(),
  role: Role,
});
export type EnsureUser = z.infer<typeof EnsureUser>;

export const ListUsers = z.strictObject({
  /** Beginnings of the e-mail address or of words of the name, all of which must match. */
  query: z.string().max(200).optional(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListUsers = z.infer<typeof ListUsers>;
export const ChangeAccess = z.strictObject({
  userId: z.string(),
  role: Role.optional(),
  active: z.boolean().optional(),
  /** The administrator's id. */
  changedBy: z.string(),
  /** As of UpdateUser. */
  expectedVersion: z.int().optional(),
});
export type ChangeAccess = z.infer<typeof ChangeAccess>;

/** What the user service's HTTP API offers. Implemented in services/user/. */
export const userRequests = {
  ...sessionRequests,
  ...clientRequests,
  ...linkRequests,
  ...guestRequests,
  /** Signs up a customer. Publishes `user.created`. Refuses `EmailTaken`, also on a repeat. */
  register: operation({ request: Register, response: User, repeatable: false, refuses: ['EmailTaken'] }),
  /** One user. Refuses `UserNotFound`. */
  getUser: operation({ request: UserRef, response: User, refuses: ['UserNotFound'] }),
  /**
   * Creates the profile of a user who signed in at an external issuer, or updates its role. A repeat changes nothing.
   * Without an e-mail address, or if another account has it, the profile has an undeliverable one (RFC 6761
   * section 6.4) until a later call has one that is free.
   */
  ensureUser: operation({ request: EnsureUser, response: User }),
  /**
   * Changes the given fields of the profile. Publishes `user.updated`. A repeat counts as another change.
   * Refuses `UserNotFound` and `VersionConflict`.
   */
  updateUser: operation({
    request: UpdateUser,
    response: User,
    repeatable: false,
    refuses: ['UserNotFound', 'VersionConflict'],
  }),
  /** The users whom the query finds, or all, newest first. Refuses `BadCursor`. */
  listUsers: operation({ request: ListUsers, response: pageOf(User), refuses: ['BadCursor'] }),
  /**
   * Changes a user's role, or deactivates or reactivates the account. Ends all sessions of the user, see endedSince, and
   * publishes `user.updated`. A repeat changes nothing. Refuses `UserNotFound`, `VersionConflict`, `OwnAccess` where
   * admins would take away their own access, and `LastAdmin` where no active admin would be left.
   */
  changeAccess: operation({
    request: ChangeAccess,
    response: User,
    repeatable: false,
    refuses: ['UserNotFound', 'VersionConflict', 'OwnAccess', 'LastAdmin'],
  }),
};
export type UserRequests = Implementation<typeof userRequests>;

export type UserRefusal = RefusalOf<typeof userRequests>;
export const userRefusal = refusalFor<UserRefusal>();

const UserEvent = z.object({ userId: z.uuid(), email: z.string(), name: z.string(), role: Role });
const LinkEvent = z.object({ userId: z.uuid(), linkId: z.uuid() });
/** Events of the user service. Their subject is the user's or the guest's id. */
export const userEvents = {
  /** `hasPassword`: false for users of an external issuer; absent from events that older versions wrote. */
  'user.created': UserEvent.extend({ hasPassword: z.boolean().optional() }),
  'user.updated': UserEvent,
  /** Somebody asked for a link by e-mail, which `issueLink` returns. The event itself has no token, see MailLink. */
  'user.password_reset_requested': LinkEvent,
  'user.email_verification_requested': LinkEvent,
  /** A guest is about to place an order: the first one, or one under another name. */
  'guest.updated': GuestUpdated,
  /** The guest's orders belong to this user from now on, who has shown to receive mail at the guest's address. */
  'guest.claimed': GuestClaimed,
} satisfies EventShapes;
