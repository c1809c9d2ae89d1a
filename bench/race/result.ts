import type { CpuSeconds } from '../cpu.ts';
import { median, quantile } from '../quantiles.ts';
import type { Machine } from './machine.ts';
import type { TimeSpan } from './profile.ts';

/** One measurement: one row, one number of clients, one round. */
export interface Sample {
  row: string;
  clients: number;
  round: number;
  seconds: number;
  /** Processed in these seconds; orders that overlap them only in part count as that share. */
  orders: number;
  latenciesMs: readonly number[];
  /** Of the whole load: from before its first order until each confirmed one has its workflow. */
  cpu: CpuSeconds;
  /** The orders that were confirmed with that CPU. */
  carried: number;
  /** How many of these were confirmed at once, at a system that may also fall back to a slower way. */
  atOnce?: number;
  measured: TimeSpan;
  /** Events in the history of an order's workflow, on Temporal. */
  historyEvents?: number;
}

/** The parts of an order's life, by what has happened to it at the end. */
export const LIFE = ['confirmed', 'dispatched', 'delivered'] as const;
export type LifePart = (typeof LIFE)[number];

/** The whole life of orders: one row, one round. */
export interface LifeSample {
  row: string;
  round: number;
  /** The orders that lived with that CPU. */
  carried: number;
  /** Of each part, until all orders have done what follows it. */
  cpu: Record<LifePart, CpuSeconds>;
}

/** The whole life of an order in a row, over all rounds. */
export interface Life {
  row: string;
  /** Milliseconds of CPU per order in each part. */
  cpuMs: Record<LifePart, number>;
  /** Milliseconds of CPU per order in each round, of all parts. */
  cpuMsOfRounds: number[];
}

/** A row at one number of clients, over all rounds. */
export interface Measurement {
  row: string;
  clients: number;
  /** Orders per second in each round. */
  rates: number[];
  ordersPerSecond: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Milliseconds of CPU per order, by process. */
  cpuMs: Record<string, number>;
  /** Milliseconds of CPU per order in each round, of all processes. */
  cpuMsOfRounds: number[];
  /** The share of orders that were confirmed at once, from 0 to 1. */
  atOnce?: number;
  historyEvents?: number;
}

/** The stored result of a run, from which the README's table is generated. */
export interface Result {
  startedAt: string;
  command: string;
  machine: Machine;
  rounds: number;
  seconds: number;
  /** A description of the set-up, by row. */
  setUps: Record<string, string>;
  /** The short id of the commit that this one was compared with. */
  base?: string;
  measurements: Measurement[];
  /** Absent in a run without the whole life of orders. */
  lives?: Life[];
}

/** The rows that the others are compared with: Temporal as in its samples, and the fastest of the durable peers. */
export const IDIOMATIC = 'temporal';
export const FASTEST_PEER = 'restate';

/** The row of a lane behind the whole gateway. */
export const behindGateway = (lane: string): string => `${lane}-gateway`;
/** The row of a system's flash sale. */
export const flashOf = (row: string): string => `${row}-flash`;
export const isFlash = ({ row }: Measurement): boolean => row.endsWith(flashOf(''));

export const find = ({ measurements }: Result, row: string, clients: number): Measurement | undefined =>
  measurements.find((one) => one.row === row && one.clients === clients);

/** The median of the rounds' rates; percentiles and CPU over the orders of all rounds. */
export function measurementsOf(samples: readonly Sample[]): Measurement[] {
  const groups = Map.groupBy(samples, ({ row, clients }) => `${clients} ${row}`);
  return [...groups.values()].map((group) => {
    const [{ row, clients }] = group as [Sample];
    const latencies = group.flatMap(({ latenciesMs }) => latenciesMs);
    const carried = sum(group.map((sample) => sample.carried));
    const rates = group.map((sample) => round(sample.orders / sample.seconds, 2));
    const names = [...new Set(group.flatMap(({ cpu }) => Object.keys(cpu)))];
    const cpuOf = (name: string) => sum(group.map(({ cpu }) => cpu[name] ?? 0));
    const events = group.flatMap(({ historyEvents }) => historyEvents ?? []);
    const atOnce = group.flatMap((sample) => sample.atOnce ?? []);
    return {
      row,
      clients,
      rates,
      ordersPerSecond: median(rates),
      p50Ms: round(quantile(latencies, 0.5), 1),
      p95Ms: round(quantile(latencies, 0.95), 1),
      p99Ms: round(quantile(latencies, 0.99), 1),
      cpuMs: Object.fromEntries(names.map((name) => [name, round((1000 * cpuOf(name)) / carried, 2)])),
      cpuMsOfRounds: group.map((sample) => round(cpuMsPerOrder(sample), 2)),
      ...(atOnce.length > 0 && { atOnce: round(sum(atOnce) / carried, 4) }),
      ...(events.length > 0 && { historyEvents: median(events) }),
    };
  });
}

/** Milliseconds of CPU per order, of all processes. */
export const cpuMsPerOrder = ({ cpu, carried }: Pick<Sample, 'cpu' | 'carried'>): number =>
  (1000 * sum(Object.values(cpu))) / carried;

/** The CPU of an order's life, over the orders of all rounds. */
export function livesOf(samples: readonly LifeSample[]): Life[] {
  return [...Map.groupBy(samples, ({ row }) => row)].map(([row, group]) => {
    const carried = sum(group.map((sample) => sample.carried));
    const secondsOf = ({ cpu }: LifeSample, part: LifePart) => sum(Object.values(cpu[part]));
    const ofPart = (part: LifePart) => (1000 * sum(group.map((sample) => secondsOf(sample, part)))) / carried;
    const cpuMs = Object.fromEntries(LIFE.map((part) => [part, round(ofPart(part), 2)])) as Life['cpuMs'];
    const cpuMsOfRounds = group.map((sample) =>
      round((1000 * sum(LIFE.map((part) => secondsOf(sample, part)))) / sample.carried, 2),
    );
    return { row, cpuMs, cpuMsOfRounds };
  });
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export const cpuPerOrder = ({ cpuMs }: Measurement): number => sum(Object.values(cpuMs));

/** The ratio of the rates in each round that both rows have. */
export const rateRatios = (measurement: Measurement, base: Measurement): number[] =>
  measurement.rates.slice(0, base.rates.length).map((rate, index) => rate / base.rates[index]!);

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
