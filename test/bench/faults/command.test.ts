import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readFaultOptions } from '../../../bench/race/faults/arguments.ts';
import { continued } from '../../../bench/race/faults/command.ts';
import { ToolError } from '../../../tools/command-line.ts';
import { scratchFolder } from '../../stage/test-run.ts';
import { machine } from '../builders.ts';
import { trialOf } from './trials.ts';

const SYSTEMS = ['direct', 'two-phase-commit', 'choreography', 'temporal', 'local-first', 'express', 'restate', 'dbos'];

describe('npm run bench -- faults', () => {
  it('runs every system under every fault, with at least a thousand orders', () => {
    const { systems, faults, orders, output } = readFaultOptions([]);
    assert.deepEqual(
      systems.map(({ system }) => system.row),
      SYSTEMS,
    );
    assert.equal(faults.length, 8);
    assert.ok(orders >= 1_000);
    assert.match(output, /results\/faults\.json$/);
  });

  it('runs each system once with --quick, and keeps that apart', () => {
    const { systems, faults, orders, strikes, output } = readFaultOptions(['--quick']);
    assert.deepEqual([systems.length, faults.length, orders, strikes], [8, 1, 20, 1]);
    assert.match(output, /results\/faults-partial\.json$/);
  });

  it('runs what is named, and says what could be', () => {
    const { systems, faults } = readFaultOptions(['--only', 'dbos,direct', '--faults', 'connection-cut']);
    assert.deepEqual(
      systems.map(({ system }) => system.row),
      ['direct', 'dbos'],
    );
    assert.deepEqual(
      faults.map(({ name }) => name),
      ['connection-cut'],
    );
    const says = (message: RegExp) => (error: unknown) => error instanceof ToolError && message.test(error.message);
    assert.throws(
      () => readFaultOptions(['--only', 'oracle']),
      says(/--only: unknown name oracle; choose from direct, /),
    );
    assert.throws(
      () => readFaultOptions(['--faults', 'flood']),
      says(/--faults: unknown name flood; .*connection-cut/),
    );
    assert.throws(() => readFaultOptions(['--orders', '0']), says(/--orders must be a whole number of at least 1/));
    assert.throws(() => readFaultOptions(['--kill']), says(/usage: npm run bench -- faults/));
  });

  describe('after an earlier run', () => {
    const earlier = { ...machine, commit: 'earlier' };
    let file: string;
    before(() => {
      file = path.join(mkdtempSync(path.join(scratchFolder(), 'faults-')), 'faults.json');
    });
    const kept = [
      { ...trialOf({ system: 'direct' }), commit: machine.commit },
      { ...trialOf({ system: 'dbos' }), commit: machine.commit },
      { ...trialOf({ system: 'temporal' }), commit: earlier.commit },
    ];
    const write = (differs: object = {}) => {
      const result = { startedAt: 'then', command: 'that', machine: earlier, orders: 1_000, trials: kept, ...differs };
      writeFileSync(file, JSON.stringify(result));
    };
    const left = (...given: string[]) =>
      continued(readFaultOptions(['--seed', '7', '--json', file, ...given]), machine).trials.map(
        ({ system }) => system,
      );

    it('goes on with the trials of this commit', () => {
      write();
      assert.deepEqual(left(), ['direct', 'dbos']);
    });

    it('goes on with nothing of a program with changes that are not committed', () => {
      const changed = { ...machine, commit: 'abc, changed' };
      write({ trials: [{ ...trialOf(), commit: changed.commit }] });
      assert.deepEqual(continued(readFaultOptions(['--seed', '7', '--json', file]), changed).trials, []);
    });

    it('keeps those of other commits with --keep', () => {
      write();
      assert.deepEqual(left('--keep'), ['direct', 'dbos', 'temporal']);
    });

    it('makes with --fresh what is named again, and nothing else', () => {
      write();
      assert.deepEqual(left('--fresh', '--only', 'direct'), ['dbos']);
      assert.deepEqual(left('--fresh', '--only', 'direct', '--faults', 'connection-cut'), ['direct', 'dbos']);
      assert.deepEqual(left('--fresh'), []);
    });

    it('goes on with nothing that had another seed or another number of orders', () => {
      write({ orders: 500 });
      assert.deepEqual(left(), []);
      write();
      assert.deepEqual(left('--seed', '8'), []);
    });
  });
});
