import assert from 'node:assert/strict';
import { untilCounted } from '../../bench/race/until.ts';

const wrong = (found: number) => `there are ${found}`;

describe('waiting for a number', () => {
  it('ends when the number is the expected one', async () => {
    let asked = 0;
    await untilCounted(3, { count: async () => (asked += 1), timeoutMs: 10_000, wrong, pollMs: 0 });
    assert.equal(asked, 3);
  });

  for (const found of [2, 4]) {
    it(`fails when it is ${found} instead of 3 at the end of the time`, async () => {
      const waiting = untilCounted(3, { count: async () => found, timeoutMs: 0, wrong });
      await assert.rejects(waiting, { message: `after 0 s there are ${found}` });
    });
  }
});
