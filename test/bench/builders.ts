import type { Machine } from '../../bench/race/machine.ts';
import type { LifeSample, Measurement, Result, Sample } from '../../bench/race/result.ts';

export const machine: Machine = {
  processor: 'a processor',
  cores: 2,
  memoryGib: 24,
  system: 'Linux 6',
  node: '24.0.0',
  postgres: '18, fsync on',
  temporal: 'server v1',
  restate: '1',
  dbos: '5',
  commit: 'abc',
};

export const sampleOf = (difference: Partial<Sample> = {}): Sample => ({
  row: 'temporal',
  clients: 16,
  round: 1,
  seconds: 10,
  orders: 4,
  latenciesMs: [10, 20, 30, 40],
  cpu: { order: 0.2, postgres: 0.1 },
  carried: 5,
  measured: { from: 0, to: 10_000_000 },
  ...difference,
});

export const lifeOf = (difference: Partial<LifeSample> = {}): LifeSample => ({
  row: 'temporal',
  round: 1,
  carried: 10,
  cpu: { confirmed: { order: 1, postgres: 1 }, dispatched: { order: 2 }, delivered: { order: 1 } },
  ...difference,
});

export const figuresOfRow = (row: string, difference: Partial<Measurement> = {}): Measurement => ({
  row,
  clients: 16,
  rates: [10, 12, 11],
  ordersPerSecond: 11,
  p50Ms: 200,
  p95Ms: 300,
  p99Ms: 400,
  cpuMs: { order: 30, postgres: 20 },
  cpuMsOfRounds: [50, 50, 50],
  ...difference,
});

export const resultOf = (measurements: Measurement[]): Result => ({
  startedAt: '2026-01-02T03:04:05.000Z',
  command: 'npm run bench',
  machine,
  rounds: 3,
  seconds: 8,
  setUps: { temporal: 'defaults' },
  measurements,
});
