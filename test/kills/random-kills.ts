import { killProcesses } from '../stage/processes.ts';
import type { Platform } from '../stage/test-platform.ts';
import type { Random } from '../../tools/random.ts';

const service = (name: string) => ({ name, command: `services/main.ts ${name}` });
const ORDER = service('order');
/** The order service is killed more often than the others: in the lane `express` it takes the steps itself. */
const VICTIMS = [
  ORDER,
  ORDER,
  ORDER,
  ...['inventory', 'payment', 'shipping', 'cart'].map(service),
  { name: 'gateway', command: 'gateway/main.ts' },
  { name: 'sandbox', command: 'sandbox/main.ts' },
  { name: 'Temporal', command: 'server start-dev' },
  { name: 'PostgreSQL', command: '/bin/postgres -D' },
];
const ORDERS_BETWEEN = { least: 3, most: 10 };

/** Kills a random process with SIGKILL after every few orders. The platform's supervisor restarts it. */
export class RandomKills {
  readonly #platform: Platform;
  readonly #random: Random;
  #left: number;
  /** How often each was killed, by name. */
  readonly killed = new Map<string, number>();

  constructor(platform: Platform, random: Random) {
    this.#platform = platform;
    this.#random = random;
    this.#left = random.within(ORDERS_BETWEEN);
  }

  get total(): number {
    return [...this.killed.values()].reduce((sum, times) => sum + times, 0);
  }

  /** Called when another order is acknowledged. */
  orderPlaced(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    this.#left = this.#random.within(ORDERS_BETWEEN);
    const { name, command } = this.#random.oneOf(VICTIMS);
    if (this.#killIfRunning(command)) this.killed.set(name, (this.killed.get(name) ?? 0) + 1);
  }

  /** It does not run while its restart after an earlier kill is under way. */
  #killIfRunning(command: string): boolean {
    const named = this.#platform.processes().filter((one) => one.command.includes(command));
    // PostgreSQL's child processes have the command line of their parent for a moment.
    const victim = named.find(({ parent }) => !named.some(({ pid }) => pid === parent));
    if (victim) killProcesses([victim]);
    return victim !== undefined;
  }
}
