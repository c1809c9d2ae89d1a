import assert from 'node:assert/strict';
import { type Background, keepTrying, repeat } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { eventually } from '../stage/eventually.ts';

describe('repeated work', () => {
  const warnings: string[] = [];
  const logger = { warn: (message: string) => warnings.push(message) } as unknown as Logger;
  let loop: Background;
  beforeEach(() => {
    warnings.length = 0;
  });

  /** Repeats work that fails where `outcomes` is false, until all outcomes are used up. */
  const run = (outcomes: boolean[]): Promise<void> =>
    new Promise((resolve) => {
      const work = async () => {
        const succeeds = outcomes.shift() ?? true;
        if (outcomes.length === 0) resolve();
        if (!succeeds) throw new Error('down');
      };
      loop = repeat(work, { everyMs: 1, failing: 'it failed', logger });
    });

  it('logs only the first of several failures in a row', async () => {
    await run([false, false, true, false, false, true]);
    await loop.close();
    assert.deepEqual(warnings, ['it failed, retrying', 'it failed, retrying']);
  });

  it('waits on close for work under way, and does not start again', async () => {
    let runs = 0;
    const { promise: held, resolve: finish } = Promise.withResolvers<void>();
    loop = repeat(() => ((runs += 1), held), { everyMs: 1, failing: 'it failed', logger });
    let closed = false;
    const closing = loop.close().then(() => (closed = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(closed, false);
    finish();
    await closing;
    assert.equal(runs, 1);
  });

  it('runs again at once when it is woken, in a pause or while it runs', async () => {
    let runs = 0;
    const { promise: held, resolve: finish } = Promise.withResolvers<void>();
    const work = async () => {
      runs += 1;
      if (runs === 2) await held;
    };
    const woken = repeat(work, { everyMs: 60_000, failing: 'it failed', logger });
    await new Promise((resolve) => setImmediate(resolve));
    woken.wake();
    await eventually(() => assert.equal(runs, 2));
    woken.wake();
    finish();
    await eventually(() => assert.equal(runs, 3));
    await woken.close();
  });

  it('closes at once during a pause', async () => {
    loop = repeat(async () => undefined, { everyMs: 60_000, failing: 'it failed', logger });
    await new Promise((resolve) => setImmediate(resolve));
    await loop.close();
  });
});

describe('work that is tried until it succeeds', () => {
  it('ends with the first success, and logs only the first failure', async () => {
    const warnings: string[] = [];
    const logger = { warn: (message: string) => warnings.push(message) } as unknown as Logger;
    let runs = 0;
    const work = async () => {
      runs += 1;
      if (runs < 3) throw new Error('down');
    };
    const trying = keepTrying(work, { everyMs: 1, failing: 'it failed', logger });
    assert.equal(trying.hasSucceeded(), false);
    await eventually(() => assert.equal(trying.hasSucceeded(), true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await trying.close();
    assert.equal(runs, 3);
    assert.deepEqual(warnings, ['it failed, retrying']);
  });

  it('ends when it is closed', async () => {
    let runs = 0;
    const work = async () => {
      runs += 1;
      throw new Error('down');
    };
    const logger = { warn: () => undefined } as unknown as Logger;
    const trying = keepTrying(work, { everyMs: 60_000, failing: 'it failed', logger });
    await trying.close();
    assert.deepEqual([runs, trying.hasSucceeded()], [1, false]);
  });
});
