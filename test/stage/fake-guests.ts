import { randomUUID } from 'node:crypto';
import type { GuestRequests } from '../../activities/guest.ts';
import { Refusal } from '../../platform/contract/refusal.ts';

export interface FakeGuests {
  /** By id. */
  known: Map<string, { email: string; name: string | null }>;
  /** The guest of each link's token. */
  links: Map<string, string>;
}

/** The guests of the user service in memory. */
export const fakeGuests = ({ known, links }: FakeGuests): GuestRequests => ({
  async createGuest({ email }) {
    const guestId = randomUUID();
    known.set(guestId, { email, name: null });
    return { guestId };
  },
  async beginGuestOrder({ guestId, name, email }) {
    const guest = known.get(guestId);
    if (!guest) throw new Refusal('SessionEnded', 'this guest has ended');
    const isOther = email !== undefined && email !== guest.email;
    if (isOther && guest.name !== null) throw new Refusal('ContactDiffers', 'earlier orders have another address');
    Object.assign(guest, { name, ...(isOther && { email }) });
  },
  async issueGuestLink() {
    throw new Refusal('LinkNotFound', 'the gateway issues no links');
  },
  async openGuestLink({ token }) {
    const guestId = links.get(token);
    if (guestId === undefined) throw new Refusal('LinkNotFound', 'this link is not valid');
    return { guestId };
  },
  async getContact() {
    throw new Refusal('UserNotFound', 'the gateway asks for no contacts');
  },
});
