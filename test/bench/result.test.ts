import assert from 'node:assert/strict';
import { goalsOf, isReached } from '../../bench/race/goals.ts';
import { type Measurement, cpuPerOrder, livesOf, measurementsOf, rateRatios } from '../../bench/race/result.ts';
import { figuresOfRow, lifeOf, resultOf, sampleOf } from './builders.ts';

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

  it('of a whole life are the CPU of each part over the orders of all rounds', () => {
    const [life] = livesOf([
      lifeOf({ carried: 10 }),
      lifeOf({ round: 2, carried: 30, cpu: { confirmed: { order: 3 }, dispatched: {}, delivered: { order: 1 } } }),
    ]);
    assert.deepEqual(life!.cpuMs, { confirmed: 125, dispatched: 50, delivered: 50 });
    assert.deepEqual(life!.cpuMsOfRounds, [500, 133.33]);
  });

  it('are compared within a round', () => {
    const fast = figuresOfRow('express', { rates: [80, 96, 44] });
    assert.deepEqual(rateRatios(fast, figuresOfRow('temporal')), [8, 8, 4]);
  });
});

describe('a goal', () => {
  const restate = figuresOfRow('restate', { rates: [60, 60, 60], p50Ms: 30 });
  const outcomesOf = (...measurements: Measurement[]) =>
    goalsOf(resultOf(measurements)).map((goal) => [goal.row, goal.what, goal.bound, isReached(goal)]);

  it('is evaluated at the loads to which it applies, if both rows were measured', () => {
    const express = figuresOfRow('express', { rates: [77, 79, 80], p50Ms: 23 });
    assert.deepEqual(outcomesOf(restate, express), [
      ['express', 'orders/s of restate at 16 clients', 1.3, true],
      ['express', 'p50 of restate at 16 clients', 0.75, false],
    ]);
  });

  it('for one client is not evaluated at sixteen', () => {
    const oneClient = { clients: 1, rates: [10, 10, 10] };
    const express = figuresOfRow('express', { ...oneClient, rates: [69, 69, 69], cpuMs: { order: 9 } });
    assert.deepEqual(outcomesOf(figuresOfRow('temporal', oneClient), express), [
      ['express', 'CPU an order of temporal at 1 client', 0.17, false],
    ]);
  });

  const BOUNDS: [row: string, base: string, clients: number, atLeast: number][] = [
    ['express', 'temporal', 16, 7],
    ['express', 'restate', 1, 1.3],
    ['express', 'restate', 64, 1.2],
    ['express', 'dbos', 64, 1.15],
    ['express', 'direct', 1, 0.55],
    ['local-first', 'temporal', 64, 3],
    ['local-first', 'floor', 16, 0.9],
    ['local-first-gateway', 'local-first', 16, 0.8],
    ['express-gateway', 'express', 64, 0.8],
    ['direct-flash', 'direct', 64, 0.9],
    ['express-flash', 'express', 64, 0.9],
  ];
  for (const [row, base, clients, atLeast] of BOUNDS) {
    it(`of ${row} is at least ${atLeast} times the orders/s of ${base} at ${clients} clients`, () => {
      const other = figuresOfRow(base, { clients, rates: [100, 100, 100] });
      const reachedAt = (ratio: number) => {
        const one = figuresOfRow(row, { clients, rates: Array.from({ length: 3 }, () => 100 * ratio) });
        return goalsOf(resultOf([one, other]))
          .filter((goal) => goal.what.startsWith('orders/s'))
          .map((goal) => [goal.row, isReached(goal)]);
      };
      assert.deepEqual(reachedAt(atLeast + 0.001), [[row, true]]);
      assert.deepEqual(reachedAt(atLeast - 0.001), [[row, false]]);
    });
  }

  it('of express is that it stays at nine tenths of its best rate with many clients', () => {
    const rates = { 16: 40, 64: 37, 256: 35 };
    const loads = Object.entries(rates).map(([clients, rate]) =>
      figuresOfRow('express', { clients: Number(clients), rates: [rate, rate, rate], ordersPerSecond: rate }),
    );
    assert.deepEqual(outcomesOf(...loads), [
      ['express', 'orders/s of its best number of clients at 64 clients', 0.9, true],
      ['express', 'orders/s of its best number of clients at 256 clients', 0.9, false],
    ]);
  });

  it('of express is that all but one order in a hundred are confirmed at once', () => {
    const rounds = [1, 2].map((round) => sampleOf({ row: 'express', round, carried: 100, atOnce: 98 + round }));
    const [most] = measurementsOf(rounds) as [Measurement];
    assert.equal(most.atOnce, 0.995);
    assert.deepEqual(outcomesOf(most), [['express', 'orders of 16 clients confirmed at once', 0.99, true]]);
    assert.equal(outcomesOf({ ...most, atOnce: 0.98 })[0]?.[3], false);
  });
});
