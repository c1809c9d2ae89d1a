import { z } from 'zod';
import { Email } from './email.ts';
import { LinkToken, MailLink } from './mail-link.ts';
import { type Implementation, operation } from '../platform/contract/operation.ts';
import { text } from './text.ts';

/** One person who orders without an account, in one visit: the same address may belong to many guests and to an account. */
export const GuestRef = z.strictObject({ guestId: z.uuid() });
export type GuestRef = z.infer<typeof GuestRef>;

export const CreateGuest = z.strictObject({ email: Email });
export type CreateGuest = z.infer<typeof CreateGuest>;

export const BeginGuestOrder = GuestRef.extend({
  name: text(200),
  /** Absent: the guest's address as it is. */
  email: Email.optional(),
});
export type BeginGuestOrder = z.infer<typeof BeginGuestOrder>;

export const IssueGuestLink = GuestRef.extend({
  /** The mail's id: a mail has one valid link. */
  linkId: z.uuid(),
});
export type IssueGuestLink = z.infer<typeof IssueGuestLink>;

/** Where mails to a customer go. */
export const CustomerContact = z.object({
  email: z.string(),
  name: z.string(),
  /** Whether the customer has no account, and reaches orders by the links of mails. */
  isGuest: z.boolean(),
  /** The user whom the orders of this guest belong to; null of a user, and of a guest who was not claimed. */
  claimedBy: z.uuid().nullable(),
});
export type CustomerContact = z.infer<typeof CustomerContact>;

/** Guests: part of what the user service's HTTP API offers. */
export const guestRequests = {
  /** Creates a guest with this address, whether or not it has an account or other guests. A repeat creates another one. */
  // Repeatable: a guest whose response was lost has no holder, and is purged.
  createGuest: operation({ request: CreateGuest, response: GuestRef }),
  /**
   * Notes that the guest is about to order under this name. With the first order the address may still be corrected.
   * Publishes `guest.updated` if something changed. A repeat changes nothing. Refuses `SessionEnded` for a guest who does
   * not exist any more or was claimed, and `ContactDiffers` for another address than that of earlier orders.
   */
  beginGuestOrder: operation({ request: BeginGuestOrder, refuses: ['SessionEnded', 'ContactDiffers'] }),
  /**
   * Makes the token of the link in an order's mail. It opens all orders of the guest, works any number of times, and expires
   * after 90 days. A repeat makes another token, and the one before is not valid any more: its mail was not sent. Refuses
   * `LinkNotFound` if the guest has no orders or was claimed.
   */
  issueGuestLink: operation({ request: IssueGuestLink, response: MailLink, refuses: ['LinkNotFound'] }),
  /** The guest of a link that is valid. Refuses `LinkNotFound`. */
  openGuestLink: operation({
    request: z.strictObject({ token: LinkToken }),
    response: GuestRef,
    refuses: ['LinkNotFound'],
  }),
  /** The address and name of a user or a guest; of a guest who was claimed, those of the account. Refuses `UserNotFound`. */
  getContact: operation({
    request: z.strictObject({ customerId: z.string() }),
    response: CustomerContact,
    refuses: ['UserNotFound'],
  }),
};
export type GuestRequests = Implementation<typeof guestRequests>;

export const GuestUpdated = z.object({ guestId: z.uuid(), email: z.string(), name: z.string() });
export const GuestClaimed = z.object({ guestId: z.uuid(), userId: z.uuid() });
