import { choreography } from '../systems/choreography.ts';
import { dbos } from '../systems/dbos.ts';
import { direct } from '../systems/direct.ts';
import { platform } from '../systems/platform.ts';
import { restate } from '../systems/restate.ts';
import type { System, UnderFaults } from '../systems/system.ts';
import { temporal } from '../systems/temporal.ts';
import { twoPhaseCommit } from '../systems/two-phase-commit.ts';

/** A system that takes part in the runs with faults. */
export interface TestedSystem {
  system: System;
  underFaults: UnderFaults;
}

/** In the order of the textbook: without any protocol, the two without an orchestrator, then the orchestrated ones. */
export const TESTED_SYSTEMS: readonly TestedSystem[] = [
  direct,
  twoPhaseCommit,
  choreography,
  temporal,
  platform('local-first'),
  platform('express'),
  restate,
  dbos,
].map((system) => ({ system, underFaults: system.underFaults! }));
