import { type Orders, createOrders, orderService } from '../../../bench/race/peers/choreography/order.ts';
import { inventory } from '../../../bench/race/peers/choreography/inventory.ts';
import { payment } from '../../../bench/race/peers/choreography/payment.ts';
import { shipping } from '../../../bench/race/peers/choreography/shipping.ts';
import type { Running } from '../../../platform/process.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { TOKEN } from '../../stage/test-publisher.ts';
import type { ChoreographyStage, Part } from './choreography-stage.ts';

const PARTS = ['order', 'payment', 'inventory', 'shipping'] as const satisfies readonly Part[];

/** All parts of the choreography in this process, each with its own HTTP API, as in the race. */
export class RunningParts {
  readonly orders: Orders;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #running = new Map<Part, Running>();

  private constructor(stage: ChoreographyStage, ports: Record<Part, number>) {
    this.orders = createOrders(stage.databases.order.db);
    this.#environment = {
      SERVICE_TOKEN: TOKEN,
      LOG_LEVEL: 'emerg',
      PROCESSOR_URL: stage.processorUrl,
      CARRIER_URL: stage.carrierUrl,
      ...Object.fromEntries(
        PARTS.flatMap((part) => [
          [`${part.toUpperCase()}_DATABASE_URL`, stage.databases[part].url],
          [`${part.toUpperCase()}_PORT`, String(ports[part])],
          [`${part.toUpperCase()}_URL`, `http://127.0.0.1:${ports[part]}`],
        ]),
      ),
    };
  }

  static async start(stage: ChoreographyStage): Promise<RunningParts> {
    const parts = new RunningParts(stage, await freePorts(...PARTS));
    await Promise.all(PARTS.map((part) => parts.start(part)));
    return parts;
  }

  async start(part: Part): Promise<void> {
    const services = { order: orderService(this.orders), payment, inventory, shipping };
    this.#running.set(part, await services[part].start(this.#environment));
  }

  async stop(part: Part): Promise<void> {
    await this.#running.get(part)!.close();
    this.#running.delete(part);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((part) => this.stop(part)));
  }
}
