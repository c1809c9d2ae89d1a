import assert from 'node:assert/strict';
import { type Part, keepRunning } from '../../local/keep-running.ts';

/** A process that only ends when it is told to. */
class FakePart implements Part {
  readonly pid = 1;
  readonly #end = Promise.withResolvers<string>();
  readonly ended = this.#end.promise;

  die(reason: string): void {
    this.#end.resolve(reason);
  }

  async close(): Promise<void> {
    this.die('asked');
  }
}

/** Starts fakes, failing wherever `outcomes` has an error next, and notes what is reported. */
function fakes(outcomes: (Error | undefined)[] = []) {
  const started: FakePart[] = [];
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  return {
    started,
    lines,
    async start(): Promise<FakePart> {
      const failure = outcomes.shift();
      if (failure) throw failure;
      const part = new FakePart();
      started.push(part);
      return part;
    },
    report(line: string): void {
      lines.push(line);
      waiting.splice(0).forEach((resolve) => resolve());
    },
    reported: () => new Promise<void>((resolve) => waiting.push(resolve)),
  };
}

describe('a process that is kept running', () => {
  it('is started again when it ends unasked, and says so', async () => {
    const fake = fakes();
    const kept = await keepRunning(
      'payment',
      () => fake.start(),
      (line) => fake.report(line),
    );
    fake.started[0]!.die('exit 1');
    await fake.reported();
    await fake.reported();
    assert.deepEqual(fake.lines, ['payment ended unasked: exit 1', 'payment runs again']);
    assert.equal(kept.current(), fake.started[1]);
    await kept.close();
  });

  it('is tried again until it starts', async () => {
    const fake = fakes([undefined, new Error('no database')]);
    const kept = await keepRunning(
      'payment',
      () => fake.start(),
      (line) => fake.report(line),
    );
    fake.started[0]!.die('SIGKILL');
    for (let line = 0; line < 3; line++) await fake.reported();
    assert.deepEqual(fake.lines.slice(1), ['payment does not start: no database', 'payment runs again']);
    await kept.close();
  });

  it('stays ended once it was closed', async () => {
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

  it('is not kept where it fails the first time', async () => {
    const fake = fakes([new Error('PORT is taken')]);
    await assert.rejects(
      keepRunning(
        'gateway',
        () => fake.start(),
        (line) => fake.report(line),
      ),
      /PORT is taken/,
    );
  });
});
