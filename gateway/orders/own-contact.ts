import { z } from 'zod';
import { withAsciiDomain } from '../../activities/email.ts';
import { Email, PersonName, type UserRequests, userRefusal } from '../../activities/user.ts';
import type { Caller } from '../../platform/http/route.ts';

export const OrderContact = z.strictObject({ email: Email, name: PersonName.optional() });
export type OrderContact = z.infer<typeof OrderContact>;

interface Placed {
  contact?: OrderContact | undefined;
  shippingAddress: { name: string };
}

/**
 * Checks who is told about an order that is about to be placed: always its customer. An account's profile says whom; a guest
 * is named by the order, and may correct the address with the first one. Refuses `ContactDiffers` for anybody else.
 */
export async function noteContact(
  users: Pick<UserRequests, 'beginGuestOrder' | 'getUser'>,
  { id, role }: Caller,
  { contact, shippingAddress }: Placed,
): Promise<void> {
  if (role === 'guest') {
    const name = contact?.name ?? shippingAddress.name;
    await users.beginGuestOrder({ guestId: id, name, ...(contact && { email: contact.email }) });
  } else if (contact) {
    const { email } = await users.getUser({ userId: id });
    if (withAsciiDomain(email).toLowerCase() === contact.email.toLowerCase()) return;
    throw userRefusal(
      'ContactDiffers',
      'mails about the orders of an account go to its own address: leave contact out',
    );
  }
}
