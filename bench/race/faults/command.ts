import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { print } from '../../../tools/command-line.ts';
import { type Machine, describeMachine } from '../machine.ts';
import { runAsSuperuser } from '../superuser.ts';
import type { World } from '../world.ts';
import type { FaultOptions } from './arguments.ts';
import { FAULTS, type Fault } from './faults.ts';
import { TESTED_SYSTEMS, type TestedSystem } from './tested-systems.ts';
import { faultsReport, trialLine } from './report.ts';
import { type Trial, runTrial } from './trial.ts';

/** The kept result of a run, or of the part of it that has been made so far. */
export interface FaultsResult {
  startedAt: string;
  command: string;
  machine: Machine;
  orders: number;
  trials: (Trial & { commit: string })[];
}

const WARM_UP_MS = 5_000;
const AWAY_MS = 2_000;
const SECOND_LOOK_MS = 2_000;
/** Longer than any retry waits whose cause is over: Temporal's tenth attempt comes after some minutes, its sixth after 30 s. */
const SETTLE_MS = 60_000;

/**
 * Runs every system under every fault. Each trial is written as soon as it is made: a run that was cut off continues with
 * the next one. Returns 1 if a system that goes on by itself has left something wrong.
 */
export async function runFaults(world: World, options: FaultOptions): Promise<0 | 1> {
  const machine = await describeMachine(world);
  const planned = options.systems.flatMap((tested) => options.faults.map((fault) => ({ tested, fault })));
  const result = continued(options, machine);
  const isMade = ({ tested, fault }: Planned) =>
    result.trials.some(({ system, fault: name }) => system === tested.system.row && name === fault.name);
  const left = planned.filter((one) => !isMade(one));
  if (left.length < planned.length)
    print(`${planned.length - left.length} of ${planned.length} trials were made before`);
  const startedAt = performance.now();
  for (const [index, { tested, fault }] of left.entries()) {
    const minutes = ((performance.now() - startedAt) / index / 60_000) * (left.length - index);
    const remaining = index > 0 ? `, about ${Math.ceil(minutes)} min left` : '';
    print(`${index + 1} of ${left.length}: ${tested.system.row}, ${fault.description}${remaining}`);
    const trial = await oneTrial(world, options, { tested, fault });
    print(`  ${trialLine(trial)}`);
    result.trials = inOrder([...result.trials, { ...trial, commit: machine.commit }]);
    save(options.output, result);
  }
  print(faultsReport(result));
  print(`written to ${path.relative(process.cwd(), options.output)}`);
  const resuming = options.systems.filter(({ underFaults }) => underFaults.resumes).map(({ system }) => system.row);
  const isWrong = ({ system, wrong, wrongAfterRepair = wrong }: Trial) =>
    resuming.includes(system) && wrongAfterRepair.orders > 0;
  return result.trials.some(isWrong) ? 1 : 0;
}

interface Planned {
  tested: TestedSystem;
  fault: Fault;
}

async function oneTrial(world: World, options: FaultOptions, { tested, fault }: Planned): Promise<Trial> {
  // No system writes the dirty pages of the one before.
  await runAsSuperuser(world.superuserUrl, ['checkpoint']);
  return runTrial(world, tested, fault, {
    orders: options.orders,
    seed: options.seed,
    // A fault that lasts does not strike.
    strikesOf: ({ strikes }) => (strikes > 0 ? (options.strikes ?? strikes) : 0),
    warmUpMs: options.quick ? 0 : WARM_UP_MS,
    awayMs: options.quick ? 500 : AWAY_MS,
    settleMs: SETTLE_MS,
    secondLookMs: options.quick ? 500 : SECOND_LOOK_MS,
    brief: options.quick,
  });
}

/** What an earlier run has kept, without what is to be made again. */
export function continued({ output, command, orders, ...options }: FaultOptions, machine: Machine): FaultsResult {
  const empty = { startedAt: new Date().toISOString(), command, machine, orders, trials: [] };
  if (!existsSync(output)) return empty;
  const kept = JSON.parse(readFileSync(output, 'utf8')) as FaultsResult;
  if (kept.orders !== orders) return empty;
  const isWanted = ({ system, fault }: Trial) =>
    options.systems.some((tested) => tested.system.row === system) && options.faults.some(({ name }) => name === fault);
  const trials = kept.trials.filter(
    (trial) =>
      trial.seed === options.seed &&
      (options.keep || isSameProgram(trial.commit, machine.commit)) &&
      !(options.fresh && isWanted(trial)),
  );
  return trials.length > 0 ? { ...kept, trials } : empty;
}

/** Of a program that is not committed nobody knows whether it is the same. */
const isSameProgram = (one: string, other: string): boolean => one === other && !one.endsWith('changed');

/** By system and by fault, whichever was made first. */
const inOrder = (trials: FaultsResult['trials']): FaultsResult['trials'] =>
  trials.toSorted((one, other) => placeOf(one) - placeOf(other));

const placeOf = ({ system, fault }: Trial): number =>
  TESTED_SYSTEMS.findIndex((tested) => tested.system.row === system) * FAULTS.length +
  FAULTS.findIndex(({ name }) => name === fault);

/** In one step: a run that is cut off while it writes loses nothing. */
function save(file: string, result: FaultsResult): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(result, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}
