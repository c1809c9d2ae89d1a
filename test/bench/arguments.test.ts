import assert from 'node:assert/strict';
import { readOptions } from '../../bench/race/arguments.ts';
import { ToolError } from '../../tools/command-line.ts';

/** The numbers of clients with which each row is measured. */
const loadsOf = (...given: string[]) => {
  const { systems, clientsOf } = readOptions(given);
  return Object.fromEntries(systems.map((system) => [system.row, clientsOf(system)]));
};
const rowsOf = (...given: string[]) => readOptions(given).systems.map(({ row }) => row);

describe('npm run bench', () => {
  it('measures every system three times under each load and stores the result', () => {
    const { rounds, flash, life, output } = readOptions([]);
    assert.deepEqual([rounds, flash, life], [3, true, true]);
    assert.match(output, /results\/latest\.json$/);
    const lanes = ['durable', 'local-first', 'express', 'local-first-gateway', 'express-gateway'];
    const peers = ['direct', 'floor', 'temporal', 'restate', 'dbos', 'two-phase-commit', 'choreography'];
    assert.deepEqual(rowsOf(), [...peers, ...lanes]);
  });

  it('has 256 clients only where all their orders are confirmed in time', () => {
    const many = Object.entries(loadsOf()).filter(([, clients]) => clients.includes(256));
    assert.deepEqual(many.map(([row]) => row).toSorted(), ['direct', 'express', 'local-first', 'restate']);
    assert.deepEqual(loadsOf('--clients', '256', '--only', 'temporal'), { temporal: [256] });
  });

  it('adds the flash sale and the whole life to a part of the rows only where they are asked for', () => {
    const extrasOf = (...given: string[]) => {
      const { flash, life } = readOptions(given);
      return [flash, life];
    };
    assert.deepEqual(extrasOf('--only', 'express'), [false, false]);
    assert.deepEqual(extrasOf('--clients', '64'), [false, false]);
    assert.deepEqual(extrasOf('--only', 'express', '--flash', '--life'), [true, true]);
    assert.deepEqual(extrasOf('server-settings'), [false, false]);
  });

  it('measures only the rows named with --only, in that order', () => {
    assert.deepEqual(rowsOf('--only', 'express-gateway,direct,direct'), ['express-gateway', 'direct']);
  });

  it('writes a partial run to another file than the one for the README', () => {
    const parts = [['--only', 'direct'], ['--rounds', '2'], ['--clients=1'], ['server-settings', '--seconds', '3']];
    for (const part of parts) {
      assert.match(readOptions(part).output, /results\/partial\.json$/);
    }
    assert.match(readOptions(['--rounds', '5']).output, /results\/latest\.json$/);
    assert.match(readOptions(['server-settings']).output, /results\/server-settings\.json$/);
  });

  it('compares direct with another commit', () => {
    const { base, output } = readOptions(['compare', '--base', 'abc']);
    assert.equal(base, 'abc');
    assert.deepEqual(loadsOf('compare', '--base', 'abc'), { direct: [16] });
    assert.match(output, /results\/compare\.json$/);
    assert.deepEqual(rowsOf('compare', '--base', 'abc'), ['direct']);
    assert.deepEqual(rowsOf('compare', '--base', 'abc', '--only', 'express'), ['express']);
  });

  const INVALID: Record<string, string[]> = {
    'an unknown row': ['--only', 'cadence'],
    'a fraction of a round': ['--rounds', '0.5'],
    'zero clients': ['--clients', '1,0'],
    'an unknown option': ['--fast'],
    'an unknown command': ['everything'],
    'compare without a commit': ['compare'],
    'a commit without compare': ['--base', 'abc'],
    'a flash sale with compare': ['compare', '--base', 'abc', '--flash'],
    'the whole life with compare': ['compare', '--base', 'abc', '--life'],
    '--only with server-settings': ['server-settings', '--only', 'direct'],
  };
  for (const [what, given] of Object.entries(INVALID)) {
    it(`rejects ${what} with a message`, () => assert.throws(() => readOptions(given), ToolError));
  }
});
