import type { Trial, WrongOrders } from '../../../bench/race/faults/trial.ts';

export const NONE: WrongOrders = { orders: 0, by: {}, named: 0, examples: [] };
/** A trial in which nothing was wrong. */
export const trialOf = (differs: Partial<Trial> = {}): Trial => ({
  system: 'direct',
  fault: 'service-killed',
  seed: 7,
  orders: 1000,
  hit: { payment: 2, shipping: 1 },
  answersLost: 0,
  told: { confirmed: 900, rejected: 90, nothing: 10 },
  refused: 3,
  met: 200,
  untouchedP99Ms: 100,
  lockWaits: { totalSeconds: 4, longestSeconds: 2 },
  decidedAfterMs: 500,
  longestUndecidedMs: 2_500,
  wrong: NONE,
  ...differs,
});
