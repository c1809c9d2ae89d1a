import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { context, propagation, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import { sql } from 'kysely';
import { purgeInbox } from '../../../platform/events/retention.ts';
import { eventually } from '../../stage/eventually.ts';
import { type Act, EventStage, writeDown } from '../../stage/test-publisher.ts';

const numbers = (count: number, from = 1) => Array.from({ length: count }, (_, index) => String(index + from));

describe('a subscriber', function () {
  this.timeout(120_000);
  let stage: EventStage;
  beforeEach(async () => {
    stage = await EventStage.set();
  });
  afterEach(() => stage.clear());

  const seenOnce = (subject: string, reasons: readonly string[]) =>
    eventually(async () => assert.deepEqual(await stage.seen(subject), reasons));
  /** Does what `writeDown` does, then fails for the given reasons. */
  const failing =
    (reasons: Set<string>): Act =>
    async (event, work) => {
      await writeDown(event, work);
      if (reasons.has(event.data.reason)) throw new Error(`cannot handle ${event.data.reason}`);
    };
  const inboxRow = async (reason: string) => {
    const { rows } = await sql<{ attempts: number; waits: boolean; last_error: string | null }>`
      select attempts, next_attempt_at > now() as waits, last_error from inbox
       where data->>'reason' = ${reason}`.execute(stage.db);
    return rows[0];
  };

  it('handles every event once and in order, also those from before its start', async () => {
    const early = await stage.tell(numbers(3));
    await stage.startPublisher();
    await stage.startSubscriber();
    const late = await stage.tell(numbers(3));
    await seenOnce(early, numbers(3));
    await seenOnce(late, numbers(3));
  });

  it('catches up after a downtime: every effect, in order, once', async () => {
    await stage.startPublisher();
    const subscriber = await stage.startSubscriber();
    const subjects = [randomUUID(), randomUUID(), randomUUID()];
    for (const subject of subjects) await stage.tell(numbers(5), subject);
    await eventually(async () => assert.ok((await stage.seen(subjects[0]!)).length > 0));
    await stage.stop(subscriber);
    // More than one page of the feed.
    await Promise.all(subjects.map((subject) => stage.tell(numbers(100, 6), subject)));
    await stage.startSubscriber();
    for (const subject of subjects) await seenOnce(subject, numbers(105));
  });

  it('waits for a publisher that is down, and continues where it was', async () => {
    let publisher = await stage.startPublisher();
    await stage.startSubscriber();
    const subject = await stage.tell(['1']);
    await seenOnce(subject, ['1']);
    await stage.stop(publisher);
    await stage.tell(['2', '3'], subject);
    publisher = await stage.startPublisher();
    await seenOnce(subject, ['1', '2', '3']);
  });

  it('rolls back the effect of a failed handler, and retries', async () => {
    await stage.startPublisher();
    const failingReasons = new Set(['2']);
    await stage.startSubscriber(failing(failingReasons));
    const subject = await stage.tell(['1', '2', '3']);
    await eventually(async () => assert.equal((await inboxRow('2'))?.last_error, 'Error: cannot handle 2'));
    assert.deepEqual(await stage.seen(subject), ['1'], 'a later event of the subject waits');
    const other = await stage.tell(['1']);
    await seenOnce(other, ['1']);
    failingReasons.clear();
    await seenOnce(subject, ['1', '2', '3']);
  });

  it('retries with growing delays, and never gives up', async () => {
    await stage.startPublisher();
    await stage.startSubscriber(failing(new Set(['1'])));
    await stage.tell(['1']);
    for (const attempts of [1, 2, 3]) {
      await eventually(async () => assert.ok((await inboxRow('1'))!.attempts >= attempts));
    }
    await stage.db
      .updateTable('inbox')
      .set({ attempts: 200, next_attempt_at: sql`now()` })
      .execute();
    await eventually(async () => assert.equal((await inboxRow('1'))!.attempts, 201));
    const { rows } = await sql<{ seconds: number }>`
      select extract(epoch from next_attempt_at - now())::float8 as seconds from inbox`.execute(stage.db);
    assert.ok(rows[0]!.seconds > 140 && rows[0]!.seconds < 451, `${rows[0]!.seconds} s`);
  });

  it('treats an event that violates its contract like any fault', async () => {
    await stage.startPublisher();
    await stage.startSubscriber();
    await sql`insert into outbox (id, source, type, subject, data) values
      (${randomUUID()}, '/s', 'inventory.reservation_failed', 'x', '{"reason":"shapeless"}')`.execute(
      stage.publisher.db,
    );
    await eventually(async () => assert.match((await inboxRow('shapeless'))!.last_error!, /ZodError.*orderId/s));
    assert.deepEqual(await stage.seen('x'), []);
  });

  it('reads from the beginning after the publisher was restored, and handles nothing twice', async () => {
    const publisher = await stage.startPublisher();
    const subscriber = await stage.startSubscriber();
    const subject = await stage.tell(['1', '2', '3']);
    await seenOnce(subject, ['1', '2', '3']);
    await stage.stop(subscriber);
    await stage.stop(publisher);
    // As after restoring a backup from before the last event: new events reuse its sequence number.
    await sql`delete from outbox where data->>'reason' = '3'`.execute(stage.publisher.db);
    await stage.startPublisher();
    await stage.startSubscriber();
    await stage.tell(['4'], subject);
    await seenOnce(subject, ['1', '2', '3', '4']);
    assert.match(await stage.metrics(), /feed_restarts_total\{publisher="inventory",service="user"\} 1/);
  });

  it('reports waiting events, their age, and dead letters as metrics', async () => {
    await stage.startPublisher();
    await stage.startSubscriber(failing(new Set(['1'])));
    await stage.tell(['1', '2']);
    await eventually(async () => {
      const metrics = await stage.metrics();
      assert.match(metrics, /inbox_waiting\{publisher="inventory",service="user"\} 2/);
      assert.match(metrics, /events_handled_total\{publisher="inventory",outcome="failed",service="user"\} [1-9]/);
      assert.match(metrics, /inbox_dead_letters\{publisher="inventory",service="user"\} 0/);
      assert.match(metrics, /inbox_oldest_waiting_seconds\{publisher="inventory",service="user"\} \d/);
      assert.match(metrics, /feed_silent_seconds\{publisher="inventory",service="user"\} \d/);
    });
    await stage.db
      .updateTable('inbox')
      .set({ attempts: 10 })
      .where(sql<boolean>`data->>'reason' = '1'`)
      .execute();
    assert.match(await stage.metrics(), /inbox_dead_letters\{publisher="inventory",service="user"\} 1/);
  });

  it('deletes handled events after twice the retention of publishers', async () => {
    await stage.startPublisher();
    await stage.startSubscriber();
    const subject = await stage.tell(['1', '2']);
    await seenOnce(subject, ['1', '2']);
    const { data, state } = await stage.db.selectFrom('inbox').selectAll().executeTakeFirstOrThrow();
    assert.deepEqual([state, data], ['done', null], 'only the id of a handled event is kept');
    const age = (days: number) =>
      stage.db
        .updateTable('inbox')
        .set({ settled_at: sql`now() - make_interval(days => ${days})` })
        .execute();
    const kept = async () => (await stage.db.selectFrom('inbox').select('id').execute()).length;
    await age(59);
    await purgeInbox(stage.db, 30);
    assert.equal(await kept(), 2);
    await age(61);
    await purgeInbox(stage.db, 30);
    assert.equal(await kept(), 0);
  });

  it('handles each event once and each subject in order with several replicas', async () => {
    await stage.startPublisher();
    // Published round by round, so that every page contains all subjects.
    const subjects = Array.from({ length: 10 }, () => randomUUID());
    for (const reason of numbers(20)) await Promise.all(subjects.map((subject) => stage.tell([reason], subject)));
    const busy = new Set<string>();
    const both = Promise.withResolvers<void>();
    const slow: Act = async (event, work) => {
      assert.ok(!busy.has(event.subject), 'two events of one subject at the same time');
      busy.add(event.subject);
      // One replica handles four at a time: none finishes before the other replica has begun, too.
      if (busy.size > 4) both.resolve();
      await both.promise;
      await writeDown(event, work);
      await sql`select pg_sleep(0.005)`.execute(work);
      busy.delete(event.subject);
    };
    const replicas = [await stage.startSubscriber(slow), await stage.startSubscriber(slow, 'replica')];
    for (const subject of subjects) await seenOnce(subject, numbers(20));
    const failed = await stage.db.selectFrom('inbox').select('id').where('attempts', '>', 1).execute();
    assert.deepEqual(failed, []);
    assert.equal(replicas.length, 2);
  });

  it('runs handlers in the trace of the cause of the event', async () => {
    const sdk = new NodeSDK({
      spanProcessors: [new NoopSpanProcessor()],
      instrumentations: [],
      metricReaders: [],
      logRecordProcessors: [],
    });
    sdk.start();
    try {
      let traceId: string | undefined;
      await stage.startPublisher();
      await stage.startSubscriber(async () => {
        traceId = trace.getActiveSpan()?.spanContext().traceId;
      });
      const cause = 'a'.repeat(32);
      await sql`insert into outbox (id, source, type, subject, data, traceparent) values
        (${randomUUID()}, '/s', 'inventory.reservation_failed', 'x',
         ${JSON.stringify({ orderId: randomUUID(), reason: 'traced' })}::jsonb, ${`00-${cause}-${'b'.repeat(16)}-01`})`.execute(
        stage.publisher.db,
      );
      await eventually(() => assert.equal(traceId, cause));
    } finally {
      await sdk.shutdown();
      for (const part of [context, propagation, trace]) part.disable();
    }
  });
});
