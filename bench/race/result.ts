import { median } from '../studies/compare.ts';
import type { CpuSeconds } from './cpu.ts';
import type { Machine } from './machine.ts';
import type { Stretch } from './profile.ts';

/** One measurement: one row, one number of clients, one round. */
export interface Sample {
  row: string;
  clients: number;
  round: number;
  seconds: number;
  /** Carried out in these seconds; the first and last ones by parts. */
  orders: number;
  latenciesMs: readonly number[];
  cpu: CpuSeconds;
  /** When. */
  measured: Stretch;
  /** Events in the history of an order's workflow, on Temporal. */
  historyEvents?: number;
}

/** A row at one number of clients, over all rounds. */
export interface Figures {
  row: string;
  clients: number;
  /** Orders a second in each round. */
  rates: number[];
  ordersPerSecond: number;
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Milliseconds of CPU an order, by process. */
  cpuMs: Record<string, number>;
  historyEvents?: number;
}

/** What a run leaves behind, and all that the pages' tables are made from. */
export interface Result {
  startedAt: string;
  command: string;
  machine: Machine;
  rounds: number;
  seconds: number;
  /** Set-up by row, in a sentence. */
  setUps: Record<string, string>;
  figures: Figures[];
}

/** What the others are measured by: Temporal as its samples write it, and the fastest of the durable peers. */
export const IDIOMATIC = 'temporal';
export const FASTEST_PEER = 'restate';

export const find = ({ figures }: Result, row: string, clients: number): Figures | undefined =>
  figures.find((one) => one.row === row && one.clients === clients);

/** The middle round's rate; percentiles and CPU over the orders of all rounds. */
export function figuresOf(samples: readonly Sample[]): Figures[] {
  const groups = Map.groupBy(samples, ({ row, clients }) => `${clients} ${row}`);
  return [...groups.values()].map((group) => {
    const [{ row, clients }] = group as [Sample];
    const latencies = group.flatMap(({ latenciesMs }) => latenciesMs).toSorted((a, b) => a - b);
    const orders = group.reduce((sum, sample) => sum + sample.orders, 0);
    const rates = group.map((sample) => round(sample.orders / sample.seconds, 2));
    const names = [...new Set(group.flatMap(({ cpu }) => Object.keys(cpu)))];
    const cpuOf = (name: string) => group.reduce((sum, { cpu }) => sum + (cpu[name] ?? 0), 0);
    const events = group.flatMap(({ historyEvents }) => historyEvents ?? []);
    return {
      row,
      clients,
      rates,
      ordersPerSecond: median(rates),
      p50Ms: round(percentile(latencies, 0.5), 1),
      p95Ms: round(percentile(latencies, 0.95), 1),
      p99Ms: round(percentile(latencies, 0.99), 1),
      cpuMs: Object.fromEntries(names.map((name) => [name, round((1000 * cpuOf(name)) / Math.max(1, orders), 2)])),
      ...(events.length > 0 && { historyEvents: median(events) }),
    };
  });
}

export const cpuPerOrder = ({ cpuMs }: Figures): number => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0);

/** How many times the orders a second of `base`, in each round that both have. */
export const rateRatios = (figures: Figures, base: Figures): number[] =>
  figures.rates.slice(0, base.rates.length).map((rate, index) => rate / base.rates[index]!);

/** The nearest rank; 0 where there is nothing. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;

export const round = (value: number, digits: number): number => Number(value.toFixed(digits));
