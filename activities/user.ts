import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import type { EventShapes } from '../platform/contract/event.ts';
import { clientRequests } from './client.ts';
import { Role } from './identity.ts';
import { type Implementation, type RefusalOf, operation } from '../platform/contract/operation.ts';
import { refusalFor } from '../platform/contract/refusal.ts';
import { sessionRequests } from './session.ts';
import { text } from './text.ts';

export { Role } from './identity.ts';

// At most 64 characters before the @, and behind it a host's name (RFC 1123, 2.1): no part begins or ends with a hyphen.
const EMAIL =
  /^(?!\.)(?!.*\.\.)[A-Za-z0-9_'+\-.]{0,63}[A-Za-z0-9_+-]@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$/;
/** Case is kept for display; two addresses that differ only in case are one. As long as RFC 5321, 4.5.3.1, allows. */
export const Email = z.email({ pattern: EMAIL }).max(254);
/** Length is the only rule: NIST SP 800-63B section 3.1.1.2. */
export const Password = z.string().min(8).max(128);
export const PersonName = text(200);

export const User = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  role: Role,
  shippingAddress: ShippingAddress.nullable(),
  /** Counts changes: what an ETag is made of. */
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
  /** Refused with `VersionConflict` unless this is the current version. Absent: last writer wins. */
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

/** What the user service can be asked at its door. Implemented in services/user/. */
export const userRequests = {
  ...sessionRequests,
  ...clientRequests,
  /** Signs up a customer. Refuses `EmailTaken`. */
  register: operation({ request: Register, response: User, repeatable: false, refuses: ['EmailTaken'] }),
  /** Refuses `UserNotFound`. */
  getUser: operation({ request: UserRef, response: User, refuses: ['UserNotFound'] }),
  /**
   * Sees to it that somebody who signed in elsewhere has a profile here, of this role. Without an e-mail, or where
   * another account has it, the profile gets an address that can receive nothing (RFC 6761 section 6.4).
   */
  ensureUser: operation({ request: EnsureUser, response: User }),
  /** Changes the profile. Refuses `UserNotFound` and `VersionConflict`. */
  updateUser: operation({
    request: UpdateUser,
    response: User,
    repeatable: false,
    refuses: ['UserNotFound', 'VersionConflict'],
  }),
};
export type UserRequests = Implementation<typeof userRequests>;

export type UserRefusal = RefusalOf<typeof userRequests>;
export const userRefusal = refusalFor<UserRefusal>();

const UserEvent = z.object({ userId: z.uuid(), email: z.string(), name: z.string(), role: Role });
/** Subject: the user's id. */
export const userEvents = { 'user.created': UserEvent, 'user.updated': UserEvent } satisfies EventShapes;
