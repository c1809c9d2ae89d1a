import { ranged, times } from './ratios.ts';
import {
  IDIOMATIC,
  LIFE,
  type Life,
  type Measurement,
  type Result,
  cpuPerOrder,
  find,
  flashOf,
  rateRatios,
  sum,
} from './result.ts';

/** A table beside those of the loads. */
export interface Section {
  title: string;
  head: readonly string[];
  rows: string[][];
}

/** The flash sale and the whole life of an order, where the run has measured them. */
export const sectionsOf = (result: Result): Section[] =>
  [flashSection(result), lifeSection(result)].filter(({ rows }) => rows.length > 0);

function flashSection(result: Result): Section {
  return {
    title: 'Flash sale: every order is for the same two SKUs',
    head: [
      'System',
      'clients',
      'orders/s to the spread',
      'p50 to the spread',
      'CPU an order to the spread',
      'orders/s',
    ],
    rows: result.measurements.flatMap((spread) => {
      const flash = find(result, flashOf(spread.row), spread.clients);
      return flash ? [flashRow(flash, spread)] : [];
    }),
  };
}

const flashRow = (flash: Measurement, spread: Measurement): string[] => [
  spread.row,
  String(spread.clients),
  ranged(rateRatios(flash, spread)),
  times(flash.p50Ms / spread.p50Ms),
  times(cpuPerOrder(flash) / cpuPerOrder(spread)),
  flash.ordersPerSecond.toFixed(1),
];

const PARTS = {
  confirmed: 'placed to confirmed, workflow started',
  dispatched: 'dispatched, paid, out of stock',
  delivered: 'delivered',
} as const;

function lifeSection({ lives = [] }: Result): Section {
  const base = lives.find(({ row }) => row === IDIOMATIC);
  return {
    title: 'CPU of an order’s whole life, in ms',
    head: ['System', `whole life to ${IDIOMATIC}`, 'whole life', ...LIFE.map((part) => PARTS[part])],
    rows: lives.map((life) => [
      life.row,
      base ? (base === life ? '1' : ranged(ratiosOf(life, base))) : '',
      sum(Object.values(life.cpuMs)).toFixed(1),
      ...LIFE.map((part) => life.cpuMs[part].toFixed(1)),
    ]),
  };
}

const ratiosOf = (life: Life, base: Life): number[] =>
  life.cpuMsOfRounds.map((ms, index) => ms / base.cpuMsOfRounds[index]!);
