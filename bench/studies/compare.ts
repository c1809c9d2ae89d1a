/** What one round of one arm took. */
export interface Cost {
  /** Milliseconds of CPU an order. */
  cpuMs: number;
  ordersPerSecond: number;
}

/**
 * Runs every arm in every round, so that whatever else the machine does hits all of them alike, and prints for each
 * the median over rounds of its ratio to the first arm of the same round.
 */
export async function compare<Arm>(
  arms: readonly (readonly [name: string, arm: Arm])[],
  rounds: number,
  run: (arm: Arm) => Promise<Cost>,
): Promise<void> {
  const costs = new Map<string, Cost[]>(arms.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Every other round the other way round: who comes first meets a colder machine.
    for (const [name, arm] of round % 2 === 0 ? arms : arms.toReversed()) {
      costs.get(name)!.push(await run(arm));
      process.stderr.write(`round ${round + 1} of ${rounds}: ${name}\n`);
    }
  }
  const [first] = arms[0]!;
  for (const [name] of arms) {
    const ratio = (of: (cost: Cost) => number) =>
      median(costs.get(name)!.map((cost, round) => of(cost) / of(costs.get(first)![round]!))).toFixed(2);
    const typical = (of: (cost: Cost) => number) => median(costs.get(name)!.map(of)).toFixed(1);
    process.stdout.write(
      `${name.padEnd(48)} CPU an order ×${ratio((cost) => cost.cpuMs)} (${typical((cost) => cost.cpuMs)} ms), ` +
        `orders/s ×${ratio((cost) => cost.ordersPerSecond)} (${typical((cost) => cost.ordersPerSecond)})\n`,
    );
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The whole number after `name` on the command line. */
export function numberFrom(name: string, otherwise: number): number {
  const at = process.argv.indexOf(name);
  if (at === -1) return otherwise;
  const given = Number(process.argv[at + 1]);
  if (!Number.isInteger(given) || given < 1) throw new Error(`${name} wants a whole number, 1 or more`);
  return given;
}
