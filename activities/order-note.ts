import { z } from 'zod';
import { operation, pageOf } from '../platform/contract/operation.ts';
import { text } from './text.ts';

/** What a member of staff wrote down about an order. It is never changed nor deleted. */
export const OrderNote = z.object({
  id: z.uuid(),
  orderId: z.uuid(),
  /** Who wrote it. `name` is null if the user service has told none. */
  author: z.object({ id: z.uuid(), name: z.string().nullable() }),
  text: z.string(),
  createdAt: z.iso.datetime(),
});
export type OrderNote = z.infer<typeof OrderNote>;

export const NoteText = text(4000);
export const AddNote = z.strictObject({
  /** Derived from the caller and the Idempotency-Key. */
  noteId: z.uuid(),
  orderId: z.uuid(),
  authorId: z.uuid(),
  text: NoteText,
});
export type AddNote = z.infer<typeof AddNote>;
export const ListNotes = z.strictObject({
  orderId: z.uuid(),
  after: z.string().optional(),
  limit: z.int().min(1).max(100),
});
export type ListNotes = z.infer<typeof ListNotes>;

/** Notes of staff about orders: part of what the order service's HTTP API offers. */
export const orderNoteRequests = {
  /**
   * Adds a note. A repeat changes nothing and returns the stored note. Refuses `OrderNotFound`, and `NoteDiffers` if the
   * stored note has another text, order or author.
   */
  addNote: operation({ request: AddNote, response: OrderNote, refuses: ['OrderNotFound', 'NoteDiffers'] }),
  /** An order's notes, newest first. Refuses `OrderNotFound` and `BadCursor`. */
  listNotes: operation({
    request: ListNotes,
    response: pageOf(OrderNote),
    refuses: ['OrderNotFound', 'BadCursor'],
  }),
};
