import assert from 'node:assert/strict';
import path from 'node:path';
import { readOptions } from '../../bench/race/arguments.ts';
import { checkOut } from '../../bench/race/checkout.ts';
import { comparisonGoals, comparisonRows, systemsAt } from '../../bench/race/compare.ts';
import { isReached } from '../../bench/race/goals.ts';
import { ToolError } from '../../tools/command-line.ts';
import { scratchFolder } from '../stage/test-run.ts';
import { figuresOfRow, resultOf } from './builders.ts';

const root = path.join(import.meta.dirname, '../..');

describe('the comparison of two commits', () => {
  const before = figuresOfRow('direct at abc', { cpuMsOfRounds: [20, 10, 20], cpuMs: { order: 4, postgres: 10 } });
  const now = figuresOfRow('direct', { cpuMsOfRounds: [14, 8, 18], cpuMs: { order: 3, postgres: 8 }, p50Ms: 100 });
  const result = { ...resultOf([now, before]), base: 'abc' };

  it('shows CPU and rate as ratios within each round, and the CPU of each process', () => {
    assert.deepEqual(comparisonRows(result), [
      [
        'direct to direct at abc',
        '16',
        '0.80× (0.70 to 0.90)',
        '0.80× ± 0.06',
        '1.00× (1.00 to 1.00)',
        '0.50×',
        'postgres 10.0 → 8.0, order 4.0 → 3.0',
      ],
    ]);
  });

  it('has the goal that direct needs at most 0.8 of the CPU', () => {
    const [goal] = comparisonGoals(result);
    assert.equal(goal!.what, 'CPU an order of direct at abc at 16 clients');
    assert.equal(isReached(goal!), true);
    const [missed] = comparisonGoals({ ...result, measurements: [{ ...now, cpuMsOfRounds: [17, 9, 18] }, before] });
    assert.equal(isReached(missed!), false);
  });

  for (const row of ['local-first', 'express']) {
    it(`has the goal that an order of ${row} does not cost more than 1.05 of what it did`, () => {
      const [base, lane] = [`${row} at abc`, row].map((name) => figuresOfRow(name, { cpuMsOfRounds: [20, 20, 20] }));
      const reachedAt = (ratio: number) => {
        const grown = { ...lane!, cpuMsOfRounds: [20, 20, 20].map((ms) => ms * ratio) };
        return comparisonGoals({ ...result, measurements: [grown, base!] }).map(isReached);
      };
      assert.deepEqual([reachedAt(1.049), reachedAt(1.051)], [[true], [false]]);
    });
  }

  it('runs the programs of the other commit under a name of their own', async () => {
    const { systems } = readOptions(['--only', 'direct,local-first']);
    const theirs = await systemsAt({ folder: root, id: 'abc' }, systems);
    assert.deepEqual(
      theirs.map((system) => [system.row, system.root]),
      [
        ['direct at abc', root],
        ['local-first at abc', root],
      ],
    );
  });

  it('says which commit does not exist', async () => {
    await assert.rejects(checkOut('no-such-commit', scratchFolder()), (error) => {
      assert.ok(error instanceof ToolError);
      assert.match(error.message, /there is no commit no-such-commit/);
      return true;
    });
  });
});
