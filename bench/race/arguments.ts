import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ToolError, numberOption } from '../../tools/command-line.ts';
import { settingsSystems } from './server-settings.ts';
import { dbos } from './systems/dbos.ts';
import { direct } from './systems/direct.ts';
import { floor } from './systems/floor.ts';
import { LANES, behindGateway, platform, platformBehindGateway } from './systems/platform.ts';
import { restate } from './systems/restate.ts';
import type { System } from './systems/system.ts';
import { temporal } from './systems/temporal.ts';

/** The options of `npm run bench`. */
export interface RaceOptions {
  rounds: number;
  seconds: number;
  clients: number[];
  systems: System[];
  serverSettings: boolean;
  /** The folder for the CPU profiles of the platform's processes. */
  profile: string | undefined;
  output: string;
  command: string;
}

const USAGE =
  'usage: npm run bench -- [server-settings] [--rounds N] [--seconds N] [--clients 1,16,64] [--only ROW,ROW] [--json FILE] [--profile]';

/** The rows without `--only`. The default lane is also measured behind the whole gateway. */
const DEFAULT_ROWS = ['direct', 'floor', 'temporal', 'restate', 'dbos', ...LANES, behindGateway('local-first')];

const ROUNDS = 3;
// In three rounds the slowest system processes more than a hundred orders with one client.
const SECONDS = 8;
const CLIENTS = [1, 16, 64];

export function readOptions(given: readonly string[]): RaceOptions {
  const { values, positionals } = parsed(given);
  const [command, ...more] = positionals;
  if (more.length > 0 || (command !== undefined && command !== 'server-settings')) throw new ToolError(USAGE);
  const serverSettings = command !== undefined;
  if (serverSettings && (values.only !== undefined || values.profile)) {
    throw new ToolError(`server-settings does not accept --only or --profile; ${USAGE}`);
  }
  const rounds = numberOption('rounds', values.rounds, { least: 1, whole: true }) ?? ROUNDS;
  const seconds = numberOption('seconds', values.seconds, { least: 1, whole: false }) ?? SECONDS;
  const isPartial = values.only ?? values.clients ?? values.profile ?? (rounds < ROUNDS || seconds < SECONDS);
  const completeName = serverSettings ? 'server-settings' : 'latest';
  const profile = values.profile ? profileFolder() : undefined;
  return {
    rounds,
    seconds,
    clients: clientsOf(values.clients) ?? (serverSettings ? [1, 16] : CLIENTS),
    systems: serverSettings ? settingsSystems() : systemsNamed(values.only, profile),
    serverSettings,
    profile,
    output: values.json
      ? path.resolve(values.json)
      : path.join(import.meta.dirname, `../results/${isPartial ? 'partial' : completeName}.json`),
    command: ['npm run bench', ...(given.length > 0 ? ['--', ...given] : [])].join(' '),
  };
}

function parsed(given: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const options = { rounds: text, seconds: text, clients: text, only: text, json: text, profile: flag };
  try {
    return parseArgs({ args: [...given], options, allowPositionals: true });
  } catch (error) {
    throw new ToolError(`${(error as Error).message.split('. ')[0]}; ${USAGE}`, { cause: error });
  }
}

function clientsOf(text: string | undefined): number[] | undefined {
  return text?.split(',').map((one) => numberOption('clients', one, { least: 1, whole: true })!);
}

function systemsNamed(text: string | undefined, profile: string | undefined): System[] {
  const lanes = LANES.flatMap((lane) => [platform(lane, profile), platformBehindGateway(lane, profile)]);
  const known = new Map([direct, floor, temporal, restate, dbos, ...lanes].map((system) => [system.row, system]));
  const rows = [...new Set(text?.split(',') ?? DEFAULT_ROWS)];
  return rows.map((row) => {
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
