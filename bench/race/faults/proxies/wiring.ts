import { takePorts } from '../../../../platform/ports.ts';
import type { Plan } from '../../children.ts';
import type { ProxyKind, Proxies } from './proxies.ts';

/** A port that a process listens on. */
export interface Listener {
  /** The name of its proxy. */
  name: string;
  /** The setting from which the process reads the port. Nothing else reads it: the URLs of others are settings of theirs. */
  setting: string;
  kind: ProxyKind;
  /** The port that everybody else knows. */
  port: number;
}

/** Puts proxies in front of the processes of a system. Without proxies it changes nothing. */
export class Wiring {
  readonly #proxies: Proxies | undefined;
  /** Where processes listen, by setting. */
  readonly #ports: Record<string, string> = {};

  constructor(proxies: Proxies | undefined) {
    this.#proxies = proxies;
  }

  /** Puts a proxy in front of `target`; returns the proxy's port. */
  async openProxy(name: string, kind: ProxyKind, target: number): Promise<number> {
    if (!this.#proxies) return target;
    const { port } = await takePorts({ port: 0 });
    await this.#proxies.open({ name, kind, port, target });
    return port;
  }

  /** Opens proxies at these ports; processes that are started later listen behind them. */
  async openProxiesFor(listeners: readonly Listener[]): Promise<void> {
    if (!this.#proxies) return;
    const targets = await takePorts(Object.fromEntries(listeners.map(({ setting }) => [setting, 0])));
    for (const { setting, ...proxy } of listeners) {
      await this.#proxies.open({ ...proxy, target: targets[setting]! });
      this.#ports[setting] = String(targets[setting]);
    }
  }

  /** The plan with the ports behind the proxies. */
  rewired(plan: Plan): Plan {
    const known = Object.entries(this.#ports).filter(([setting]) => plan.environment[setting] !== undefined);
    return { ...plan, environment: { ...plan.environment, ...Object.fromEntries(known) } };
  }

  async close(): Promise<void> {
    await this.#proxies?.close();
  }
}
