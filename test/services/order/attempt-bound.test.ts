import assert from 'node:assert/strict';
import { ATTEMPT_MS, AttemptBound } from '../../../services/order/attempt-bound.ts';

describe('order service: the bound of attempts under way', () => {
  /** Attempts that a test ends one by one, each after it has taken so long. */
  function attempts(bound: AttemptBound, clock: { ms: number }) {
    const running: ((tookMs: number) => void)[] = [];
    let begun = 0;
    const begin = () =>
      bound.run(async () => {
        begun += 1;
        const startedAt = clock.ms;
        clock.ms = startedAt + (await new Promise<number>((resolve) => running.push(resolve)));
      });
    return {
      begin: (count: number) => Array.from({ length: count }, begin),
      /** Ends the attempt that began first. */
      async end(tookMs: number) {
        running.shift()!(tookMs);
        await new Promise((resolve) => setImmediate(resolve));
      },
      get begun() {
        return begun;
      },
    };
  }
  const stage = (limit: number) => {
    const clock = { ms: 0 };
    const bound = new AttemptBound(limit, { now: () => clock.ms, longestWaitMs: 60_000 });
    return { bound, run: attempts(bound, clock) };
  };

  it('lets attempts beyond it wait, and passes each place on', async () => {
    const { bound, run } = stage(2);
    const all = run.begin(5);
    assert.deepEqual([run.begun, bound.running, bound.waiting], [2, 2, 3]);
    for (let left = 5; left > 0; left -= 1) await run.end(ATTEMPT_MS / 3);
    await Promise.all(all);
    assert.deepEqual([run.begun, bound.running, bound.waiting], [5, 0, 0]);
  });

  it('frees the place of an attempt that throws', async () => {
    const bound = new AttemptBound(1);
    await assert.rejects(bound.run(() => Promise.reject(new Error('a bug'))));
    assert.equal(await bound.run(async () => 'done'), 'done');
  });

  it('grows while attempts are fast and others wait', async () => {
    const { bound, run } = stage(2);
    const all = run.begin(20);
    for (let left = 20; left > 0; left -= 1) await run.end(10);
    await Promise.all(all);
    assert.ok(bound.limit > 2, String(bound.limit));
  });

  it('does not grow while nobody waits', async () => {
    const { bound, run } = stage(4);
    for (let round = 0; round < 10; round += 1) {
      const one = run.begin(1);
      await run.end(10);
      await Promise.all(one);
    }
    assert.equal(bound.limit, 4);
  });

  it('shrinks while attempts come close to running out of time, but not below eight', async () => {
    const { bound, run } = stage(16);
    for (let round = 0; round < 40; round += 1) {
      const one = run.begin(1);
      await run.end(ATTEMPT_MS * 0.9);
      await Promise.all(one);
    }
    assert.equal(bound.limit, 8);
  });

  it('shrinks once for all attempts that were slow together, and grows again when they are fast', async () => {
    const { bound, run } = stage(20);
    const slow = run.begin(20);
    for (let left = 20; left > 0; left -= 1) await run.end(ATTEMPT_MS * 0.9);
    await Promise.all(slow);
    assert.equal(bound.limit, 18);
    const fast = run.begin(100);
    for (let left = 100; left > 0; left -= 1) await run.end(10);
    await Promise.all(fast);
    assert.ok(bound.limit > 18, String(bound.limit));
  });

  it('gives up an attempt whose turn does not come in time', async () => {
    const bound = new AttemptBound(1, { longestWaitMs: 1 });
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const first = bound.run(() => ended);
    assert.equal(await bound.run(async () => 'begun'), undefined);
    assert.deepEqual([bound.running, bound.waiting], [1, 0]);
    end();
    await first;
    assert.equal(await bound.run(async () => 'begun'), 'begun');
  });
});
