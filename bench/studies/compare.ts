import { print } from '../../tools/command-line.ts';
import { median } from '../quantiles.ts';

/** The result of one arm in one round. */
export interface Cost {
  /** Milliseconds of CPU per order. */
  cpuMs: number;
  ordersPerSecond: number;
}

/**
 * Runs every arm in every round, so that other load on the machine affects all of them alike. Prints for each arm the
 * median over the rounds of its ratio to the first arm in the same round, and the median of its values.
 */
export async function compare<Arm>(
  arms: readonly (readonly [name: string, arm: Arm])[],
  rounds: number,
  run: (arm: Arm) => Promise<Cost>,
): Promise<void> {
  const costs = new Map<string, Cost[]>(arms.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // The order alternates: the first arm of a round meets a colder machine.
    for (const [name, arm] of round % 2 === 0 ? arms : arms.toReversed()) {
      costs.get(name)!.push(await run(arm));
      process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`);
    }
  }
  const base = costs.get(arms[0]![0])!;
  for (const [name] of arms) print(`${name.padEnd(48)} ${summaryOf(costs.get(name)!, base)}`);
}

function summaryOf(costs: readonly Cost[], base: readonly Cost[]): string {
  const column = (title: string, valueOf: (cost: Cost) => number, unit: string) => {
    const ratio = median(costs.map((cost, round) => valueOf(cost) / valueOf(base[round]!)));
    return `${title} ×${ratio.toFixed(2)} (${median(costs.map(valueOf)).toFixed(1)}${unit})`;
  };
  return [
    column('CPU per order', ({ cpuMs }) => cpuMs, ' ms'),
    column('orders/s', ({ ordersPerSecond }) => ordersPerSecond, ''),
  ].join(', ');
}
