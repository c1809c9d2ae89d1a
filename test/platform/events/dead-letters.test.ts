import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { ResolveDeadLetter } from '../../../platform/contract/event.ts';
import { eventually } from '../../stage/eventually.ts';
import { EventStage, writeDown } from '../../stage/test-publisher.ts';

describe('dead letters', function () {
  this.timeout(120_000);
  let stage: EventStage;
  const unbearable = new Set<string>();
  before(async () => {
    stage = await EventStage.set();
    await stage.startPublisher();
    await stage.startSubscriber(async (event, work) => {
      if (unbearable.has(event.data.reason)) throw new Error(`cannot bear ${event.data.reason}`);
      await writeDown(event, work);
    });
  });
  after(() => stage.clear());

  /** An event that has been tried in vain as often as it takes, and the id of it; its subject is the word's. */
  async function dead(word: string, ...behind: string[]): Promise<{ eventId: string; subject: string }> {
    unbearable.add(word);
    const subject = await stage.tell([word, ...behind]);
    const { id } = await eventually(() =>
      stage.db
        .selectFrom('inbox')
        .select('id')
        .where(sql<boolean>`data->>'reason' = ${word} and attempts > 0`)
        .executeTakeFirstOrThrow(),
    );
    // They are told one by one, and may be read so.
    await eventually(async () => {
      const read = await stage.db.selectFrom('inbox').select('id').where('subject', '=', subject).execute();
      assert.equal(read.length, 1 + behind.length);
    });
    await stage.db
      .updateTable('inbox')
      .set({ attempts: 10, next_attempt_at: sql`now() + interval '1 hour'` })
      .where('id', '=', id)
      .execute();
    return { eventId: id, subject };
  }
  const resolve = (eventId: string, action: ResolveDeadLetter['action']) =>
    stage.deadLetters.resolveDeadLetter({ eventId, action, note: 'seen', resolvedBy: 'admin' });
  const listed = async () => {
    const { items } = await stage.deadLetters.listDeadLetters({ limit: 100 });
    return items.map(({ eventId }) => eventId);
  };
  const seen = (subject: string, words: string[]) =>
    eventually(async () => assert.deepEqual(await stage.seen(subject), words));

  it('show what was to be told, why it was not, and how much waits behind it', async () => {
    const { eventId, subject } = await dead('poison', 'behind', 'further behind');
    const { items } = await stage.deadLetters.listDeadLetters({ limit: 100 });
    const {
      time: _time,
      receivedAt: _receivedAt,
      nextAttemptAt,
      ...letter
    } = items.find((one) => one.eventId === eventId)!;
    assert.deepEqual(letter, {
      eventId,
      publisher: 'inventory',
      type: 'inventory.reservation_failed',
      subject,
      data: { orderId: subject, reason: 'poison' },
      attempts: 10,
      lastError: 'Error: cannot bear poison',
      waitingBehind: 2,
    });
    assert.ok(Date.parse(nextAttemptAt) > Date.now());
  });

  it('are none before the tenth attempt', async () => {
    const { eventId } = await dead('early');
    await stage.db.updateTable('inbox').set({ attempts: 9 }).where('id', '=', eventId).execute();
    assert.ok(!(await listed()).includes(eventId));
  });

  it('are listed newest first, page by page', async () => {
    for (const word of ['one', 'two', 'three']) await dead(word);
    const all = await listed();
    const pages: string[] = [];
    let after: string | undefined;
    do {
      const page = await stage.deadLetters.listDeadLetters({ limit: 2, ...(after && { after }) });
      pages.push(...page.items.map(({ eventId }) => eventId));
      after = page.next ?? undefined;
    } while (after);
    assert.deepEqual(pages, all);
    assert.ok(all.length >= 3);
    await assert.rejects(stage.deadLetters.listDeadLetters({ limit: 2, after: 'no cursor' }), { code: 'BadCursor' });
  });

  it('are tried at once where a person says so, and their subject goes on', async () => {
    const { eventId, subject } = await dead('bearable later', 'next');
    unbearable.delete('bearable later');
    await resolve(eventId, 'retry');
    await seen(subject, ['bearable later', 'next']);
    await resolve(eventId, 'retry');
    await assert.rejects(resolve(eventId, 'discard'), { code: 'DeadLetterClosed' });
  });

  it('are passed over where a person says so, and their subject goes on', async () => {
    const { eventId, subject } = await dead('never', 'next');
    await resolve(eventId, 'discard');
    await seen(subject, ['next']);
    await resolve(eventId, 'discard');
    await assert.rejects(resolve(eventId, 'retry'), { code: 'DeadLetterClosed' });
    const { state, note, resolved_by } = await stage.db
      .selectFrom('inbox')
      .selectAll()
      .where('id', '=', eventId)
      .executeTakeFirstOrThrow();
    assert.deepEqual([state, note, resolved_by], ['discarded', 'seen', 'admin']);
  });

  it('are listed also by who subscribes to nothing just now', async () => {
    const quiet = await EventStage.set();
    await quiet.startSubscriber(null);
    assert.deepEqual(await quiet.deadLetters.listDeadLetters({ limit: 1 }), { items: [], next: null });
    await quiet.clear();
  });

  it('are only those that there are', async () => {
    await assert.rejects(resolve(randomUUID(), 'retry'), { code: 'DeadLetterNotFound' });
  });
});
