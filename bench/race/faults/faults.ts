import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../tools/random.ts';
import type { Stage } from '../stage.ts';
import type { UnderFaults } from '../systems/system.ts';
import type { Proxies } from './proxies/proxies.ts';

/** What a fault acts on. */
export interface Target {
  stage: Stage;
  proxies: Proxies;
  underFaults: UnderFaults;
  random: Random;
  /** Until what was killed is started again. */
  awayMs: number;
}

/** A kind of fault. Either it strikes several times, or it lasts for the whole load. */
export interface Fault {
  name: string;
  /** A clause, for tables. */
  description: string;
  clients: number;
  /** How often it strikes while orders are placed. */
  strikes: number;
  /** Milliseconds from the end of one strike to the next. */
  pauseMs: { least: number; most: number };
  /** Strikes once; resolves when everything runs again. Returns what was hit; undefined: there was nothing to hit. */
  strike?(target: Target): Promise<string | undefined>;
  /** Begins to act on a share of the answers. */
  begin?(target: Omit<Target, 'random'>): void;
}

const CLIENTS = 16;
/** Where one answer in ten is lost, orders mostly wait for time-outs: more at a time, so that a thousand take minutes. */
const PATIENT_CLIENTS = 64;

const killed = (
  description: string,
  name: string,
  victims: (underFaults: UnderFaults) => readonly string[],
): Fault => ({
  name,
  description,
  clients: CLIENTS,
  strikes: 12,
  pauseMs: { least: 500, most: 2_000 },
  async strike({ stage: { processes }, underFaults, random, awayMs }) {
    const victim = random.oneOf(victims(underFaults));
    await processes.kill(victim);
    await sleep(awayMs);
    await processes.restart(victim);
    return victim;
  },
});

const answersLost = (percent: number, clients: number): Fault => ({
  name: `answers-lost-${percent}`,
  description: `${percent} % of the answers are lost after their effect`,
  clients,
  strikes: 0,
  pauseMs: { least: 0, most: 0 },
  begin: ({ proxies }) => proxies.loseAnswers(percent / 100),
});

export const FAULTS: readonly Fault[] = [
  {
    name: 'none',
    description: 'no fault, for comparison',
    clients: CLIENTS,
    strikes: 0,
    pauseMs: { least: 0, most: 0 },
  },
  killed('a random service is killed', 'service-killed', ({ services }) => services),
  killed('a process that decides is killed', 'decider-killed', ({ deciders }) => deciders),
  answersLost(1, CLIENTS),
  answersLost(10, PATIENT_CLIENTS),
  {
    name: 'service-slow',
    description: 'a random service stops for 2 s and goes on',
    clients: CLIENTS,
    strikes: 12,
    pauseMs: { least: 500, most: 2_000 },
    async strike({ stage: { processes }, underFaults, random, awayMs }) {
      const victim = random.oneOf(underFaults.services);
      processes.freeze(victim);
      await sleep(awayMs);
      processes.thaw(victim);
      return victim;
    },
  },
  {
    name: 'database-killed',
    description: 'PostgreSQL is killed',
    clients: CLIENTS,
    strikes: 4,
    pauseMs: { least: 3_000, most: 5_000 },
    async strike({ stage: { world }, awayMs }) {
      await world.killPostgres();
      await sleep(awayMs);
      await world.restartPostgres();
      return 'postgres';
    },
  },
  {
    name: 'connection-cut',
    description: 'a random connection is cut while it is in use',
    clients: CLIENTS,
    strikes: 60,
    pauseMs: { least: 200, most: 600 },
    strike: async ({ proxies }) => proxies.cut(),
  },
];
