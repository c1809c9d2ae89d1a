import assert from 'node:assert/strict';
import { goalsOf, isReached } from '../../bench/race/goals.ts';
import { cpuPerOrder, measurementsOf, rateRatios } from '../../bench/race/result.ts';
import { figuresOfRow, resultOf, sampleOf } from './builders.ts';

describe('the results of the bench', () => {
  it('are the median rate of the rounds, and percentiles and CPU over the orders of all rounds', () => {
    const latenciesMs = Array.from({ length: 100 }, (_, index) => 101 + index);
    const [measurement, ...more] = measurementsOf([
      sampleOf({ orders: 10, carried: 15, latenciesMs: [1], cpu: { order: 1 } }),
      sampleOf({
        round: 2,
        orders: 100,
        carried: 110,
        latenciesMs,
        cpu: { order: 1, postgres: 0.1 },
        historyEvents: 9,
      }),
      sampleOf({ round: 3, orders: 20, carried: 25, latenciesMs: [1], cpu: { order: 1 }, historyEvents: 9 }),
    ]);
    assert.deepEqual(more, []);
    assert.deepEqual(measurement!.rates, [1, 10, 2]);
    assert.equal(measurement!.ordersPerSecond, 2);
    assert.deepEqual([measurement!.p50Ms, measurement!.p95Ms, measurement!.p99Ms], [149, 195, 199]);
    assert.deepEqual(measurement!.cpuMs, { order: 20, postgres: 0.67 });
    assert.equal(cpuPerOrder(measurement!), 20.67);
    assert.equal(measurement!.historyEvents, 9);
  });

  it('are separate for each row and number of clients', () => {
    const samples = [sampleOf(), sampleOf({ clients: 1 }), sampleOf({ row: 'restate' })];
    assert.equal(measurementsOf(samples).length, 3);
  });

  it('are compared within a round', () => {
    const fast = figuresOfRow('express', { rates: [80, 96, 44] });
    assert.deepEqual(rateRatios(fast, figuresOfRow('temporal')), [8, 8, 4]);
  });
});

describe('a goal', () => {
  const restate = figuresOfRow('restate', { rates: [60, 60, 60], p50Ms: 30 });

  it('is evaluated at the loads to which it applies, if both rows were measured', () => {
    const express = figuresOfRow('express', { rates: [59, 61, 62], p50Ms: 31 });
    const goals = goalsOf(resultOf([restate, express]));
    assert.deepEqual(
      goals.map((goal) => [goal.what, isReached(goal)]),
      [
        ['orders/s of restate at 16 clients', true],
        ['p50 of restate at 16 clients', false],
      ],
    );
  });

  it('for one client is not evaluated at sixteen', () => {
    const goals = goalsOf(resultOf([restate, figuresOfRow('local-first')]));
    assert.deepEqual(goals, []);
  });
});
