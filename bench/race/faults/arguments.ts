import path from 'node:path';
import { parseArgs } from 'node:util';
import { ToolError, numberOption } from '../../../tools/command-line.ts';
import { FAULTS, type Fault } from './faults.ts';
import { TESTED_SYSTEMS, type TestedSystem } from './tested-systems.ts';

/** The options of `npm run bench -- faults`. */
export interface FaultOptions {
  systems: TestedSystem[];
  faults: Fault[];
  orders: number;
  /** Strikes per trial, if not as many as the fault usually has. */
  strikes: number | undefined;
  seed: number;
  /** Make the named trials again, also those that an earlier run has kept. */
  fresh: boolean;
  /** Continue also with the trials that were made at other commits. */
  keep: boolean;
  /** A short trial of each system, to see that everything works; on Temporal's development server, which need not be built. */
  quick: boolean;
  output: string;
  command: string;
}

const USAGE =
  'usage: npm run bench -- faults [--only ROW,ROW] [--faults NAME,NAME] [--orders N] [--strikes N] [--seed N] [--fresh] [--keep] [--quick] [--json FILE]';

const ORDERS = 1_000;
const QUICK = { orders: 20, strikes: 1, faults: 'service-killed' };
const SEED = 1;

/** @throws ToolError */
export function readFaultOptions(given: readonly string[]): FaultOptions {
  const values = parsed(given);
  const orders = numberOption('orders', values.orders, { least: 1, whole: true });
  const strikes = numberOption('strikes', values.strikes, { least: 1, whole: true });
  const quick = values.quick ?? false;
  const isPartial = quick || orders !== undefined || strikes !== undefined;
  const results = path.join(import.meta.dirname, '../../results');
  return {
    systems: named('only', values.only, TESTED_SYSTEMS, ({ system }) => system.row),
    faults: named('faults', values.faults ?? (quick ? QUICK.faults : undefined), FAULTS, ({ name }) => name),
    orders: orders ?? (quick ? QUICK.orders : ORDERS),
    strikes: strikes ?? (quick ? QUICK.strikes : undefined),
    seed: numberOption('seed', values.seed, { least: 0, whole: true }) ?? SEED,
    fresh: values.fresh ?? false,
    keep: values.keep ?? false,
    quick,
    output: values.json ? path.resolve(values.json) : path.join(results, `faults${isPartial ? '-partial' : ''}.json`),
    command: ['npm run bench -- faults', ...given].join(' '),
  };
}

function parsed(given: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    only: text,
    faults: text,
    orders: text,
    strikes: text,
    seed: text,
    json: text,
    fresh: flag,
    keep: flag,
    quick: flag,
  };
  try {
    return parseArgs({ args: [...given], options }).values;
  } catch (error) {
    throw new ToolError(`${(error as Error).message.split('. ')[0]}; ${USAGE}`, { cause: error });
  }
}

/** Those that the option names, or all, in the order in which they are known. */
function named<Item>(option: string, text: string | undefined, known: readonly Item[], nameOf: (item: Item) => string) {
  const names = text?.split(',') ?? known.map(nameOf);
  const unknown = names.find((name) => !known.some((item) => nameOf(item) === name));
  if (unknown !== undefined) {
    throw new ToolError(`--${option}: unknown name ${unknown}; choose from ${known.map(nameOf).join(', ')}`);
  }
  return known.filter((item) => names.includes(nameOf(item)));
}
