import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../children.ts';

/** What names the last step: the shipment's, what undoes it, or the service of both. */
const STEP = /bookShipment|cancelShipment|\bshipping\b/;

const PEERS = 'bench/race/peers';
/** What the peers that call services over HTTP share. */
const OVER_HTTP = [`${PEERS}/saga.ts`, `${PEERS}/services.ts`];

/**
 * The code of each system, by the process that it runs in. What every system shares is left out: the contract of the
 * service that carries out the step, and its own code.
 */
const CODE: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  direct: { front: [`${PEERS}/direct.ts`, ...OVER_HTTP] },
  choreography: {
    order: ['order', 'front', 'events', 'registry'].map((name) => `${PEERS}/choreography/${name}.ts`),
    payment: [`${PEERS}/choreography/payment.ts`],
    inventory: [`${PEERS}/choreography/inventory.ts`],
    shipping: [`${PEERS}/choreography/shipping.ts`],
  },
  'two-phase-commit': {
    coordinator: ['coordinator', 'contract', 'front', 'log'].map((name) => `${PEERS}/two-phase-commit/${name}.ts`),
    shipping: ['steps', 'service'].map((name) => `${PEERS}/two-phase-commit/${name}.ts`),
  },
  temporal: { 'order worker': [`${PEERS}/saga.ts`, `${PEERS}/temporal/*.ts`] },
  'local-first': { order: ['workflows/order/*.ts', 'workflows/saga/*.ts', 'services/order/*.ts'] },
  express: { order: ['workflows/order/*.ts', 'workflows/saga/*.ts', 'services/order/*.ts'] },
  restate: { order: [`${PEERS}/saga.ts`, `${PEERS}/restate/*.ts`] },
  dbos: { front: [`${PEERS}/dbos.ts`, ...OVER_HTTP] },
};

/** For each system: how many files name the step, and which processes run them. */
export function stepFiles(): { system: string; files: string[]; processes: string[] }[] {
  return Object.entries(CODE).map(([system, processes]) => {
    const naming = Object.entries(processes).map(([name, patterns]) => ({ name, files: filesNaming(patterns) }));
    return {
      system,
      files: naming.flatMap(({ files }) => files),
      processes: naming.filter(({ files }) => files.length > 0).map(({ name }) => name),
    };
  });
}

/** A row for each system, with where one looks to see how an order stands. */
export const stepsRows = (lookAt: Readonly<Record<string, string>>): string[][] =>
  stepFiles().map(({ system, files, processes }) => [
    system,
    String(files.length),
    processes.join(', '),
    lookAt[system] ?? '',
  ]);

const filesNaming = (patterns: readonly string[]): string[] =>
  patterns
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((file) => STEP.test(readFileSync(path.join(ROOT, file), 'utf8')));
