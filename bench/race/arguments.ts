import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ToolError, numberOption } from '../../tools/command-line.ts';
import { behindGateway } from './result.ts';
import { settingsSystems } from './server-settings.ts';
import { choreography } from './systems/choreography.ts';
import { dbos } from './systems/dbos.ts';
import { direct } from './systems/direct.ts';
import { floor } from './systems/floor.ts';
import { LANES, platform, platformBehindGateway } from './systems/platform.ts';
import { restate } from './systems/restate.ts';
import type { System } from './systems/system.ts';
import { temporal } from './systems/temporal.ts';
import { twoPhaseCommit } from './systems/two-phase-commit.ts';

/** The options of `npm run bench`. */
export interface RaceOptions {
  rounds: number;
  seconds: number;
  /** The numbers of clients with which a system is measured. */
  clientsOf: (system: System) => readonly number[];
  flash: boolean;
  life: boolean;
  systems: System[];
  serverSettings: boolean;
  /** The commit to compare this one with. */
  base: string | undefined;
  /** The folder for the CPU profiles of the platform's processes. */
  profile: string | undefined;
  output: string;
  command: string;
}

const USAGE =
  'usage: npm run bench -- [faults | server-settings | compare --base COMMIT] [--rounds N] [--seconds N] [--clients 1,16,64] [--only ROW,ROW] [--flash] [--life] [--json FILE] [--profile]';

/** The rows without `--only`. The lanes for many customers are also measured behind the whole gateway. */
const DEFAULT_ROWS = [
  'direct',
  'floor',
  'temporal',
  'restate',
  'dbos',
  twoPhaseCommit.row,
  choreography.row,
  ...LANES,
  behindGateway('local-first'),
  behindGateway('express'),
];

const COMMANDS = ['race', 'server-settings', 'compare'] as const;
type Command = (typeof COMMANDS)[number];

interface Defaults {
  rows: readonly string[];
  clients: readonly number[];
  rounds: number;
  seconds: number;
  output: string;
}

// In three rounds of 8 s the slowest system processes more than a hundred orders with one client. A comparison of two
// commits is about a few percent, and two starts of the same code differ by ten: that takes more rounds.
const RACE = { rounds: 3, seconds: 8 };

/** What each command measures where the command line does not say. */
const DEFAULTS: Readonly<Record<Command, Defaults>> = {
  race: { ...RACE, rows: DEFAULT_ROWS, clients: [1, 16, 64, 256], output: 'latest' },
  'server-settings': { ...RACE, rows: [], clients: [1, 16], output: 'server-settings' },
  compare: { rounds: 12, seconds: 12, rows: ['direct'], clients: [16], output: 'compare' },
};

export function readOptions(given: readonly string[]): RaceOptions {
  const { values, positionals } = parsed(given);
  const command = commandOf(positionals);
  const serverSettings = command === 'server-settings';
  if (serverSettings && (values.only !== undefined || values.profile)) {
    throw new ToolError(`server-settings does not accept --only or --profile; ${USAGE}`);
  }
  if ((command === 'compare') !== (values.base !== undefined)) {
    throw new ToolError(`compare and --base belong together; ${USAGE}`);
  }
  if (command === 'compare' && (values.flash ?? values.life)) {
    throw new ToolError(`compare does not accept --flash or --life; ${USAGE}`);
  }
  const defaults = DEFAULTS[command];
  const rounds = numberOption('rounds', values.rounds, { least: 1, whole: true }) ?? defaults.rounds;
  const seconds = numberOption('seconds', values.seconds, { least: 1, whole: false }) ?? defaults.seconds;
  const isShort = rounds < defaults.rounds || seconds < defaults.seconds;
  const isPartial = values.only ?? values.clients ?? values.profile ?? isShort;
  const clients = clientNumbers(values.clients);
  const everything = command === 'race' && values.only === undefined && clients === undefined;
  const profile = values.profile ? profileFolder() : undefined;
  return {
    rounds,
    seconds,
    clientsOf: ({ mostClients = Infinity }) => clients ?? defaults.clients.filter((number) => number <= mostClients),
    flash: values.flash ?? everything,
    life: values.life ?? everything,
    systems: serverSettings ? settingsSystems() : systemsNamed(values.only?.split(',') ?? defaults.rows, profile),
    serverSettings,
    base: values.base,
    profile,
    output: values.json
      ? path.resolve(values.json)
      : path.join(import.meta.dirname, `../results/${isPartial ? 'partial' : defaults.output}.json`),
    command: ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
  };
}

function commandOf([name = 'race', ...more]: readonly string[]): Command {
  const command = COMMANDS.find((known) => known === name);
  if (!command || more.length > 0) throw new ToolError(USAGE);
  return command;
}

function parsed(given: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = {
    rounds: text,
    seconds: text,
    clients: text,
    only: text,
    base: text,
    json: text,
    profile: flag,
    flash: flag,
    life: flag,
  };
  try {
    return parseArgs({ args: [...given], options, allowPositionals: true });
  } catch (error) {
    throw new ToolError(`${(error as Error).message.split('. ')[0]}; ${USAGE}`, { cause: error });
  }
}

function clientNumbers(text: string | undefined): number[] | undefined {
  return text?.split(',').map((one) => numberOption('clients', one, { least: 1, whole: true })!);
}

function systemsNamed(names: readonly string[], profile: string | undefined): System[] {
  const lanes = LANES.flatMap((lane) => [platform(lane, profile), platformBehindGateway(lane, profile)]);
  const known = new Map(
    [direct, floor, temporal, restate, dbos, twoPhaseCommit, choreography, ...lanes].map((system) => [
      system.row,
      system,
    ]),
  );
  return [...new Set(names)].map((row) => {
    const system = known.get(row);
    if (!system) throw new ToolError(`--only: unknown row ${row}; choose from ${[...known.keys()].join(', ')}`);
    return system;
  });
}

function profileFolder(): string {
  const folder = path.join(import.meta.dirname, '../.data-profiles');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}
