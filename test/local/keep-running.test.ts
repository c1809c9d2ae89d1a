import assert from 'node:assert/strict';
import { type RunningProcess, keepRunning } from '../../local/keep-running.ts';

/** A process that ends only when the test ends it. */
class FakeProcess implements RunningProcess {
  readonly pid = 1;
  readonly #end = Promise.withResolvers<string>();
  readonly ended = this.#end.promise;

  die(reason: string): void {
    this.#end.resolve(reason);
  }

  async close(): Promise<void> {
    this.die('stopped');
  }
}

/** Starts fake processes, fails for each error in `outcomes`, and records the reported lines. */
function fakes(outcomes: (Error | undefined)[] = []) {
  const started: FakeProcess[] = [];
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    started,
    lines,
    async start(): Promise<FakeProcess> {
      const failure = outcomes.shift();
      if (failure) throw failure;
      const fake = new FakeProcess();
      started.push(fake);
      return fake;
    },
    report(line: string): void {
      lines.push(line);
      waiting.splice(0).forEach((resolve) => resolve());
    },
    reported: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
}

describe('a supervised process', () => {
  it('is restarted when it ends unexpectedly, and both are reported', async () => {
    const fake = fakes();
    const kept = await keepRunning(
      'payment',
      () => fake.start(),
      (line) => fake.report(line),
    );
    fake.started[0]!.die('exit 1');
    await fake.reported();
    await fake.reported();
    assert.deepEqual(fake.lines, ['payment ended unexpectedly: exit 1', 'payment runs again']);
    assert.equal(kept.current(), fake.started[1]);
    await kept.close();
  });

  it('is restarted until it succeeds', async () => {
    const fake = fakes([undefined, new Error('no database')]);
    const kept = await keepRunning(
      'payment',
      () => fake.start(),
      (line) => fake.report(line),
    );
    fake.started[0]!.die('SIGKILL');
    for (let line = 0; line < 3; line++) await fake.reported();
    assert.deepEqual(fake.lines.slice(1), ['payment could not start: no database', 'payment runs again']);
    await kept.close();
  });

  it('is not restarted after it was closed', async () => {
    const fake = fakes();
    const kept = await keepRunning(
      'payment',
      () => fake.start(),
      (line) => fake.report(line),
    );
    await kept.close();
    assert.equal(fake.started.length, 1);
    assert.deepEqual(fake.lines, []);
  });

  it('is not supervised if its first start fails', async () => {
    const fake = fakes([new Error('PORT is in use')]);
    await assert.rejects(
      keepRunning(
        'gateway',
        () => fake.start(),
        (line) => fake.report(line),
      ),
      /PORT is in use/,
    );
  });
});
