import assert from 'node:assert/strict';
import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { retryNowSignal } from '../../../workflows/webhook-delivery/messages.ts';
import { concurrently } from '../../stage/concurrently.ts';
import { useTestWorkers } from '../../stage/test-workers.ts';
import { type Line, askedMeanwhile } from '../../stage/test-webhook-worker.ts';

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const SCHEDULE_S = [5, 5 * MINUTE_S, 30 * MINUTE_S, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * HOUR_S)];

/** The timers of a workflow history, with their summaries in the Web UI. */
async function waitsOf(handle: WorkflowHandle): Promise<{ seconds: number; summary: unknown }[]> {
  const { events = [] } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer, userMetadata }) =>
    timer
      ? [
          {
            seconds: Number(timer.startToFireTimeout!.seconds ?? 0) + (timer.startToFireTimeout!.nanos ?? 0) / 1e9,
            summary: defaultPayloadConverter.fromPayload(userMetadata!.summary!),
          },
        ]
      : [],
  );
}

describe('webhook delivery workflow', function () {
  this.timeout(180_000);
  const test = concurrently(8);
  const workers = useTestWorkers();

  test('sends once if the endpoint accepts', async () => {
    const { handle, attempts } = await workers().deliver('delivered');
    assert.equal(await handle.result(), 'delivered');
    assert.equal(attempts.length, 1);
    assert.deepEqual(await waitsOf(handle), []);
  });

  test('tries ten times over the whole schedule, never early and at most 20% late, and then gives up', async () => {
    const { handle, attempts } = await workers().deliver('failed');
    assert.equal(await handle.result(), 'failed');
    assert.deepEqual(
      attempts.map(({ attempt, round }) => [attempt, round]),
      Array.from({ length: 10 }, (_, at) => [at + 1, 1]),
    );
    const waits = await waitsOf(handle);
    assert.equal(waits.length, SCHEDULE_S.length);
    for (const [at, { seconds, summary }] of waits.entries()) {
      const scheduled = SCHEDULE_S[at]!;
      assert.ok(seconds >= scheduled && seconds <= scheduled * 1.2 + 0.001, `${seconds} s instead of ${scheduled}`);
      assert.equal(summary, `until attempt ${at + 2} of 10`);
      assert.equal(
        Math.round(seconds * 1000),
        attempts[at]!.retryInMs,
        'the delivery log shows when the next attempt is due',
      );
    }
    assert.equal(attempts.at(-1)!.retryInMs, null);
    assert.ok(
      waits.some(({ seconds }, at) => seconds !== SCHEDULE_S[at]),
      'with jitter',
    );
  });

  for (const end of ['gone', 'moot'] as const) {
    test(`stops trying when the delivery is ${end}`, async () => {
      const { handle, attempts } = await workers().deliver('failed', end);
      assert.equal(await handle.result(), end);
      assert.equal(attempts.length, 2);
    });
  }

  test('retries at once when a person requests it', async () => {
    const { handle, attempts } = await workers().deliver(askedMeanwhile, 'delivered');
    assert.equal(await handle.result(), 'delivered');
    assert.equal(attempts.length, 2);
    assert.deepEqual(await waitsOf(handle), []);
  });

  test('starts a new round when a person requests a retry during the last attempt, which fails', async () => {
    const { handle, attempts, begunAgain } = await workers().deliver(...Array<Line>(9).fill('failed'), askedMeanwhile);
    assert.equal(await handle.result(), 'failed');
    assert.equal(attempts.length, 10);
    assert.deepEqual(begunAgain, [{ deliveryId: attempts[0]!.deliveryId, round: 1 }]);
  });

  test('starts no new round without a request after the last attempt, or after a success', async () => {
    const unasked = await workers().deliver(askedMeanwhile, 'failed');
    const answered = await workers().deliver(async (early) => {
      await early.signal(retryNowSignal);
      return 'delivered';
    });
    assert.equal(await unasked.handle.result(), 'failed');
    assert.equal(await answered.handle.result(), 'delivered');
    assert.deepEqual([...unasked.begunAgain, ...answered.begunAgain], []);
  });
});
