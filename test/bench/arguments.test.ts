import assert from 'node:assert/strict';
import { readWish } from '../../bench/race/arguments.ts';
import { ToolError } from '../../tools/command-line.ts';

const rowsOf = (...given: string[]) => readWish(given).systems.map(({ row }) => row);

describe('npm run bench', () => {
  it('measures every system three times under each load and keeps the result', () => {
    const { rounds, clients, output } = readWish([]);
    assert.equal(rounds, 3);
    assert.deepEqual(clients, [1, 16, 64]);
    assert.match(output, /results\/latest\.json$/);
    const lanes = ['durable', 'local-first', 'express', 'local-first-gateway'];
    assert.deepEqual(rowsOf(), ['direct', 'floor', 'temporal', 'restate', 'dbos', ...lanes]);
  });

  it('measures those that are wanted, in the order they are named', () => {
    assert.deepEqual(rowsOf('--only', 'express-gateway,direct,direct'), ['express-gateway', 'direct']);
  });

  it('keeps a part of the whole apart from the result that the README shows', () => {
    const parts = [['--only', 'direct'], ['--rounds', '2'], ['--clients=1'], ['server-settings', '--seconds', '3']];
    for (const part of parts) {
      assert.match(readWish(part).output, /results\/partial\.json$/);
    }
    assert.match(readWish(['--rounds', '5']).output, /results\/latest\.json$/);
    assert.match(readWish(['server-settings']).output, /results\/server-settings\.json$/);
  });

  const WRONG: Record<string, string[]> = {
    'a row there is not': ['--only', 'cadence'],
    'half a round': ['--rounds', '0.5'],
    'no client': ['--clients', '1,0'],
    'an unknown option': ['--fast'],
    'an unknown command': ['everything'],
    'rows of a command that has its own': ['server-settings', '--only', 'direct'],
  };
  for (const [what, given] of Object.entries(WRONG)) {
    it(`refuses ${what} in words`, () => assert.throws(() => readWish(given), ToolError));
  }
});
