import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { ResolveDeadLetter } from '../../../platform/contract/event.ts';
import { eventually } from '../../stage/eventually.ts';
import { EventStage, writeDown } from '../../stage/test-publisher.ts';

describe('dead letters', function () {
  this.timeout(120_000);
  let stage: EventStage;
  const failing = new Set<string>();
  before(async () => {
    stage = await EventStage.set();
    await stage.startPublisher();
    await stage.startSubscriber(async (event, work) => {
      if (failing.has(event.data.reason)) throw new Error(`cannot handle ${event.data.reason}`);
      await writeDown(event, work);
    });
  });
  after(() => stage.clear());

  /** Publishes events on a new subject and turns the first one, `reason`, into a dead letter. */
  async function dead(reason: string, ...later: string[]): Promise<{ eventId: string; subject: string }> {
    failing.add(reason);
    const subject = await stage.tell([reason, ...later]);
    const { id } = await eventually(() =>
      stage.db
        .selectFrom('inbox')
        .select('id')
        .where(sql<boolean>`data->>'reason' = ${reason} and attempts > 0`)
        .executeTakeFirstOrThrow(),
    );
    // The events are published one by one and may be read one by one.
    await eventually(async () => {
      const read = await stage.db.selectFrom('inbox').select('id').where('subject', '=', subject).execute();
      assert.equal(read.length, 1 + later.length);
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
  const seen = (subject: string, reasons: string[]) =>
    eventually(async () => assert.deepEqual(await stage.seen(subject), reasons));

  it('show the event, its last error, and how many events wait behind it', async () => {
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
      lastError: 'Error: cannot handle poison',
      waitingBehind: 2,
    });
    assert.ok(Date.parse(nextAttemptAt) > Date.now());
  });

  it('do not include events before the tenth attempt', async () => {
    const { eventId } = await dead('early');
    await stage.db.updateTable('inbox').set({ attempts: 9 }).where('id', '=', eventId).execute();
    assert.ok(!(await listed()).includes(eventId));
  });

  it('are listed newest first, page by page', async () => {
    for (const reason of ['one', 'two', 'three']) await dead(reason);
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

  it('can be retried at once by a person, and their subject continues', async () => {
    const { eventId, subject } = await dead('fixed later', 'next');
    failing.delete('fixed later');
    await resolve(eventId, 'retry');
    await seen(subject, ['fixed later', 'next']);
    await resolve(eventId, 'retry');
    await assert.rejects(resolve(eventId, 'discard'), { code: 'DeadLetterClosed' });
  });

  it('can be discarded by a person, and their subject continues', async () => {
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

  it('are also listed by a service without subscriptions', async () => {
    const quiet = await EventStage.set();
    await quiet.startSubscriber(null);
    assert.deepEqual(await quiet.deadLetters.listDeadLetters({ limit: 1 }), { items: [], next: null });
    await quiet.clear();
  });

  it('are refused if they do not exist', async () => {
    await assert.rejects(resolve(randomUUID(), 'retry'), { code: 'DeadLetterNotFound' });
  });
});
