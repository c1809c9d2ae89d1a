import type { CoordinatorDependencies } from '../../../bench/race/peers/two-phase-commit/coordinator.ts';

type Call = (...given: unknown[]) => Promise<unknown>;
type Functions = Record<string, Call>;

/** A call of the coordinator, such as `log.decide` or `payment.prepare`. */
export interface KillPoint {
  call: string;
  when: 'before' | 'after';
}

/**
 * The coordinator's dependencies in a process that is killed before or after a call: that call and all later ones never
 * return, and those that are under way are carried out, as requests that were sent. `killed` resolves then.
 */
export function killedAt(
  { call: killingCall, when }: KillPoint,
  { log, participants }: Pick<CoordinatorDependencies, 'log' | 'participants'>,
) {
  const killed = Promise.withResolvers<void>();
  let isDead = false;
  const die = () => {
    isDead = true;
    killed.resolve();
  };
  const never = new Promise<never>(() => undefined);
  const mortal = <Service extends object>(name: string, service: Service): Service => {
    const calls = Object.entries(service as unknown as Functions).map(([operation, call]): [string, Call] => [
      operation,
      async (...given) => {
        const isPoint = `${name}.${operation}` === killingCall;
        if (isPoint && when === 'before') die();
        if (isDead) return never;
        const result = await call(...given);
        if (isPoint) die();
        return isDead ? never : result;
      },
    ]);
    return Object.fromEntries(calls) as unknown as Service;
  };
  const { inventory, payment, shipping } = participants;
  return {
    killed: killed.promise,
    log: mortal('log', log),
    participants: {
      inventory: mortal('inventory', inventory),
      payment: mortal('payment', payment),
      shipping: mortal('shipping', shipping),
    },
  };
}
