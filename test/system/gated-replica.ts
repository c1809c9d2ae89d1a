import { type Gate, type GateServer, gateHttp, gatePostgres, gateTemporal } from '../stage/gates.ts';
import { type Replica, startReplica } from '../stage/order-replica.ts';
import type { Platform } from '../stage/test-platform.ts';

/** The calls with which a replica carries an order from its insert to its workflow. */
const CALLS = {
  insert: /^\s*with placed as \(insert into "orders"/,
  take: /\/takeLines$/,
  reserve: /\/reserveStock$/,
  authorize: /\/authorizePayment$/,
  book: /\/bookShipment$/,
  confirm: /^\s*with changed as \(update "orders"/,
  start: /\/StartWorkflowExecution$/,
};

/** A point on an order's way: before a call has arrived, or after it has taken effect and before that is known. */
export interface HeldAt {
  effect: keyof typeof CALLS;
  when: 'before' | 'after';
}

/** A replica of the order service each of whose calls to databases, services and Temporal can be held. */
export interface GatedReplica extends Replica {
  /** Holds this order when it comes to this point. */
  hold(orderId: string, at: HeldAt): void;
  isHeld(orderId: string): boolean;
  /** Passes on what was held, also for a replica that was killed. Resolves when every call has taken effect. */
  release(): Promise<void>;
  close(): Promise<void>;
}

const NEVER = new Promise<void>(() => undefined);

const SERVICE_URLS = ['CART_URL', 'INVENTORY_URL', 'PAYMENT_URL', 'SHIPPING_URL'];

export async function startGatedReplica(platform: Platform): Promise<GatedReplica> {
  const holds = new Holds();
  const gates: GateServer[] = [];
  const opened = async (gate: Promise<GateServer>): Promise<number> => {
    gates.push(await gate);
    return (await gate).port;
  };
  const replica = await startReplica(platform, async (own) => {
    const changes: NodeJS.ProcessEnv = {};
    for (const name of SERVICE_URLS) {
      changes[name] = `http://127.0.0.1:${await opened(gateHttp(own[name]!, holds.gate))}`;
    }
    const database = new URL(own.ORDER_DATABASE_URL!);
    database.port = String(await opened(gatePostgres(Number(database.port), holds.gate)));
    const temporal = await opened(gateTemporal(own.TEMPORAL_ADDRESS!, holds.gate));
    return { ...changes, ORDER_DATABASE_URL: database.href, TEMPORAL_ADDRESS: `127.0.0.1:${temporal}` };
  });
  return {
    ...replica,
    hold: (orderId, at) => holds.add(orderId, at),
    isHeld: (orderId) => holds.has(orderId),
    release: () => holds.release(),
    async close() {
      await replica.kill();
      await Promise.all(gates.map((gate) => gate.close()));
    },
  };
}

/** The orders that are held at a point, or will be. */
class Holds {
  readonly #orders = new Map<string, HeldOrder>();

  add(orderId: string, at: HeldAt): void {
    this.#orders.set(orderId, new HeldOrder(at));
  }

  has(orderId: string): boolean {
    return this.#orders.get(orderId)?.isHeld ?? false;
  }

  readonly gate: Gate = (when, { name, content }) => {
    // Its worker gets no task: Temporal would notice only after 10 s that the process which has it was killed.
    if (/\/Poll\w+TaskQueue$/.test(name)) return NEVER;
    const [effect] = Object.entries(CALLS).find(([, pattern]) => pattern.test(name)) ?? [];
    const order = [...this.#orders].find(([orderId, { at }]) => at.effect === effect && content.includes(orderId))?.[1];
    return order?.comes(when);
  };

  async release(): Promise<void> {
    await Promise.all([...this.#orders.values()].map((order) => order.release()));
    this.#orders.clear();
  }
}

class HeldOrder {
  readonly at: HeldAt;
  isHeld = false;
  readonly #go = Promise.withResolvers<void>();
  readonly #effective = Promise.withResolvers<void>();

  constructor(at: HeldAt) {
    this.at = at;
  }

  /** Its call comes to the gate, or comes back. */
  comes(when: HeldAt['when']): Promise<void> | undefined {
    if (when === 'after') this.#effective.resolve();
    if (when !== this.at.when) return undefined;
    this.isHeld = true;
    return this.#go.promise;
  }

  /** Resolves when the call has taken effect. */
  release(): Promise<void> {
    this.#go.resolve();
    return this.#effective.promise;
  }
}
