import { z } from 'zod';
import { ShippingAddress } from './address.ts';
import type { EventShapes } from './event.ts';
import type { Operations } from './operation.ts';

export const Role = z.enum(['customer', 'admin']);
export type Role = z.infer<typeof Role>;

/** Case is kept for display; two addresses that differ only in case are one. */
export const Email = z.email().max(254);
/** Length is the only rule: NIST SP 800-63B section 3.1.1.2. */
export const Password = z.string().min(8).max(128);
export const PersonName = z.string().trim().min(1).max(200);

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
export const SignIn = z.strictObject({ email: z.string().min(1).max(254), password: z.string().min(1).max(128) });
export type SignIn = z.infer<typeof SignIn>;
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

/** What the user service can be asked at its door. Implemented in services/user/. */
export interface UserRequests {
  /** Signs up a customer. Refuses `EmailTaken`. */
  register(request: Register): Promise<User>;
  /** Whose e-mail and password these are. Refuses `BadCredentials`, in the same time whichever of the two is wrong. */
  signIn(request: SignIn): Promise<User>;
  /** Refuses `UserNotFound`. */
  getUser(request: UserRef): Promise<User>;
  /** Changes the profile. Refuses `UserNotFound` and `VersionConflict`. */
  updateUser(request: UpdateUser): Promise<User>;
}

export const userRequests = {
  register: { request: Register, response: User, repeatable: false },
  signIn: { request: SignIn, response: User, repeatable: true },
  getUser: { request: UserRef, response: User, repeatable: true },
  updateUser: { request: UpdateUser, response: User, repeatable: false },
} satisfies Operations<UserRequests>;

export const UserRefusal = z.enum(['EmailTaken', 'BadCredentials', 'UserNotFound', 'VersionConflict']);
export type UserRefusal = z.infer<typeof UserRefusal>;

const UserEvent = z.object({ userId: z.uuid(), email: z.string(), name: z.string(), role: Role });
/** Subject: the user's id. */
export const userEvents = { 'user.created': UserEvent, 'user.updated': UserEvent } satisfies EventShapes;
