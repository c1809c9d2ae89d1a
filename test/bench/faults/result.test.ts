import assert from 'node:assert/strict';
import { faultsSummaryTable, faultsTable, trialsTable } from '../../../bench/race/faults/table.ts';
import type { FaultsResult } from '../../../bench/race/faults/command.ts';
import { FAULTS } from '../../../bench/race/faults/faults.ts';
import { trialLine } from '../../../bench/race/faults/report.ts';
import { summariesOf } from '../../../bench/race/faults/summary.ts';
import type { Trial, WrongOrders } from '../../../bench/race/faults/trial.ts';
import { stepFiles } from '../../../bench/race/faults/step-files.ts';
import { machine } from '../builders.ts';
import { NONE, trialOf } from './trials.ts';

const TWO_WRONG: WrongOrders = {
  orders: 2,
  by: { stuck: 2, 'left-behind': 1 },
  named: 1,
  examples: [
    { orderId: 'one', wrongs: ['left-behind', 'stuck'], says: 'waits for\nthe `carrier`' },
    { orderId: 'two', wrongs: ['stuck'] },
  ],
};

const { decidedAfterMs: _never, longestUndecidedMs: _either, ...unended } = trialOf();
const UNDECIDED: Trial = { ...unended, fault: 'decider-killed', wrong: TWO_WRONG };

const resultOf = (...trials: Trial[]): FaultsResult => ({
  startedAt: '2026-11-29T00:00:00.000Z',
  command: 'npm run bench -- faults',
  machine,
  orders: 1000,
  trials: trials.map((one) => ({ ...one, commit: machine.commit })),
});

describe('the result of runs with faults', () => {
  it('adds up a system’s trials, and takes the longest of the times', () => {
    const slow = trialOf({
      fault: 'service-slow',
      longestUndecidedMs: 9_000,
      decidedAfterMs: 100,
      untouchedP99Ms: 300,
      lockWaits: { totalSeconds: 1, longestSeconds: 1 },
    });
    const [summary, ...others] = summariesOf(resultOf(trialOf(), slow));
    assert.deepEqual(others, []);
    assert.partialDeepStrictEqual(summary, {
      system: 'direct',
      orders: 2000,
      strikes: 6,
      refused: 6,
      wrong: 0,
      longestUndecidedMs: 9_000,
      lockWaits: { totalSeconds: 5, longestSeconds: 2 },
      untouchedP99Ms: 200,
      decidedAfterMs: 500,
    });
  });

  it('says that not all is decided if in one trial something remained', () => {
    const [summary] = summariesOf(resultOf(trialOf(), UNDECIDED));
    assert.equal(summary!.decidedAfterMs, undefined);
    assert.partialDeepStrictEqual(summary, {
      wrong: 2,
      named: 1,
      wrongAfterRepair: 2,
      by: { stuck: 2, 'left-behind': 1 },
    });
  });

  it('counts what is wrong after a repair, if there was one', () => {
    const [summary] = summariesOf(resultOf({ ...UNDECIDED, wrongAfterRepair: NONE }));
    assert.deepEqual([summary!.wrong, summary!.wrongAfterRepair], [2, 0]);
  });

  it('is told in one line a trial', () => {
    assert.match(
      trialLine(UNDECIDED),
      /^1000 orders, 3 strikes, 0 answers lost, 200 orders met by one; 2 wrong \(1 left-behind, 2 stuck, 1 named by the system\)/,
    );
    assert.match(trialLine(UNDECIDED), /longest undecided never; .*all right after never$/);
    assert.match(
      trialLine(trialOf({ answersLost: 12, hit: {} })),
      /0 strikes, 12 answers lost, .*; nothing wrong; .* all right after 0\.5 s$/,
    );
  });

  it('has a row for each system, a table for each fault, and an example with its seed', () => {
    const table = faultsTable(resultOf(trialOf(), UNDECIDED, trialOf({ system: 'temporal' })));
    assert.match(table, /\| direct \| 2000, 400 \| 6, 0 \| 0 \| 0 \| 0 \| 1 \| 0 \| 2, 1 \|/);
    assert.match(table, /\*\*A random service is killed\*\* \(`service-killed`\)/);
    assert.match(
      table,
      /\| direct \| 1000, 200 \| 3, 0 \| 2 wrong \(1 left-behind, 2 stuck, 1 named by the system\) \| 2 \|/,
    );
    assert.match(
      table,
      /- direct, `decider-killed`, seed 7: .*not confirmed.*; the system says: `waits for the carrier`\./,
    );
    assert.doesNotMatch(table, /connection-cut/);
  });

  it('says at which commit each trial was run, if there are several', () => {
    const whole = FAULTS.map(({ name }) => trialOf({ fault: name }));
    const result = resultOf(...whole, trialOf({ system: 'temporal' }), trialOf({ system: 'temporal', fault: 'none' }));
    assert.doesNotMatch(faultsTable(result), /several commits/);
    for (const trial of result.trials.slice(0, -1)) trial.commit = 'c0ffee1';
    const said = `Run at several commits: direct, temporal under \`service-killed\` at c0ffee1; temporal under \`none\` at ${machine.commit}.`;
    assert.ok(faultsTable(result).includes(said));
  });

  it('has six rows on the front page, in the order of the textbook', () => {
    const systems = [
      'express',
      'temporal',
      'restate',
      'direct',
      'dbos',
      'choreography',
      'local-first',
      'two-phase-commit',
    ];
    const lines = faultsSummaryTable(resultOf(...systems.map((system) => trialOf({ system }))))
      .split('\n')
      .slice(2);
    assert.deepEqual(
      lines.map((line) => line.split(' | ')[0]!.slice(2)),
      ['direct', 'two-phase-commit', 'choreography', 'temporal', 'local-first', 'express'],
    );
  });

  it('has the trials of a way on its page', () => {
    const result = resultOf(trialOf(), trialOf({ system: 'temporal' }), UNDECIDED);
    const [found, , ...table] = trialsTable('direct')(result).split('\n');
    assert.equal(
      found,
      '- `direct`: 2 of 2000, of which a fault met 400, were wrong at the end; the system named 1 of them. 6 were rejected without need. Other orders waited up to 2.0 s for a lock. Some stayed undecided: under `decider-killed`.',
    );
    assert.equal(table.length, 4);
    assert.match(
      trialsTable('temporal', 'restate')(result),
      /\| temporal, service-killed \| 1000, 200 \| 3, 0 \| nothing wrong \| 0 \| 3 \| 2\.5 s/,
    );
    assert.match(
      trialsTable('temporal')(result),
      /^- `temporal`: no order of 1000, of which a fault met 200, was wrong at the end\..* The longest was undecided for 2\.5 s, under `service-killed`\.\n/,
    );
  });
});

describe('the files to touch for another step', () => {
  it('are counted in the code of each system, and exist', () => {
    for (const { system, files, processes } of stepFiles()) {
      assert.ok(files.length > 0 && processes.length > 0, system);
    }
  });

  it('are in one process where one program has the steps in their order, and in several without one', () => {
    const processes = Object.fromEntries(stepFiles().map((one) => [one.system, one.processes.length]));
    assert.equal(processes.temporal, 1);
    assert.ok(processes.choreography! > 1);
  });
});
