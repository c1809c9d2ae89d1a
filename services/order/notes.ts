import { type Kysely, type Selectable, sql } from 'kysely';
import { type OrderRequests, orderRefusal } from '../../activities/order.ts';
import type { AddNote, OrderNote } from '../../activities/order-note.ts';
import { olderThan, pageByAge } from '../../platform/database/cursor.ts';
import { storableText } from '../../platform/database/storable-text.ts';
import type { OrderDatabase, OrderNotesTable } from './database.ts';

type NoteRow = Selectable<OrderNotesTable> & { author_name: string | null };

/** Notes of staff about an order. */
export const createNoteRequests = (db: Kysely<OrderDatabase>): Pick<OrderRequests, 'addNote' | 'listNotes'> => ({
  async addNote({ noteId, ...note }) {
    await requireOrder(db, note.orderId);
    const text = storableText(note.text);
    await db
      .insertInto('order_notes')
      .values({ id: noteId, order_id: note.orderId, author_id: note.authorId, text })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
    const stored = await notes(db).where('order_notes.id', '=', noteId).executeTakeFirstOrThrow();
    if (!isSameRequest(stored, { ...note, text })) {
      throw orderRefusal('NoteDiffers', 'another note was already written with this key');
    }
    return noteView(stored);
  },

  async listNotes({ orderId, after, limit }) {
    await requireOrder(db, orderId);
    const rows = await notes(db)
      .where('order_id', '=', orderId)
      .$if(after !== undefined, (query) => query.where(olderThanNote(after!)))
      .orderBy('created_at', 'desc')
      .orderBy('order_notes.id', 'desc')
      .limit(limit + 1)
      .execute();
    const { items, next } = pageByAge(rows, limit, (row) => row.created_at);
    return { items: items.map(noteView), next };
  },
});

/** With the author's name: staff are users too, so their contacts are kept as well. */
const notes = (db: Kysely<OrderDatabase>) =>
  db
    .selectFrom('order_notes')
    .leftJoin('contacts', 'contacts.customer_id', 'order_notes.author_id')
    .selectAll('order_notes')
    .select('contacts.name as author_name');

const olderThanNote = (after: string) => olderThan(after, 'order_notes.created_at');

async function requireOrder(db: Kysely<OrderDatabase>, orderId: string): Promise<void> {
  const { rows } = await sql`select from orders where id = ${orderId}::uuid`.execute(db);
  if (rows.length === 0) throw orderRefusal('OrderNotFound', `there is no order ${orderId}`);
}

const isSameRequest = (stored: NoteRow, { orderId, authorId, text }: Omit<AddNote, 'noteId'>): boolean =>
  stored.order_id === orderId && stored.author_id === authorId && stored.text === text;

const noteView = (row: NoteRow): OrderNote => ({
  id: row.id,
  orderId: row.order_id,
  author: { id: row.author_id, name: row.author_name },
  text: row.text,
  createdAt: row.created_at.toISOString(),
});
