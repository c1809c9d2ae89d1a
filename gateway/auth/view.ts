import { z } from 'zod';
import { ShippingAddress } from '../../activities/address.ts';
import { Role, type User as UserRecord } from '../../activities/user.ts';

const ADA = {
  id: '6d1f0c1e-8f57-4a3e-9d55-0e0a4f0f8b9c',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  createdAt: '2026-01-05T09:00:00.000Z',
};
const User = z.object({ id: z.string(), email: z.string(), name: z.string(), createdAt: z.iso.datetime() });

/** A user who has just signed up. */
export const NewUser = User.meta({ id: 'User', examples: [ADA] });

/** A user's own view of their account. */
export const Profile = User.extend({
  role: Role,
  emailVerified: z.boolean(),
  shippingAddress: ShippingAddress.optional(),
}).meta({ id: 'Profile', examples: [{ ...ADA, role: 'customer', emailVerified: true }] });

/** A user as admins see them. */
export const ManagedUser = User.extend({
  role: Role,
  active: z.boolean().meta({ description: 'false if an admin has deactivated the account' }),
  emailVerified: z.boolean(),
}).meta({ id: 'ManagedUser', examples: [{ ...ADA, role: 'support', active: true, emailVerified: true }] });

export const profileOf = ({ shippingAddress, ...user }: UserRecord): z.infer<typeof Profile> => ({
  ...user,
  ...(shippingAddress && { shippingAddress }),
});
