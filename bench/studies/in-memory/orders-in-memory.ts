import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { findTemporal } from '../../../local/temporal-binary.ts';
import { startTemporal } from '../../../local/temporal.ts';
import { installTemporalRuntime } from '../../../platform/temporal/worker.ts';
import { type OrderInput, startOptionsOf } from '../../../workflows/order/messages.ts';
import { forEach } from '../../../tools/for-each.ts';
import { scratchFolder } from '../../scratch-folder.ts';
import type { Cost } from '../compare.ts';
import { cache, createOrderWorker, createServiceWorkers } from './workers.ts';

/** A Temporal server and workers whose services keep no state: only the cost of workflows remains. */
export interface OrdersInMemory {
  client: Client;
  address: string;
  /** Runs the order service's worker in this process with these options while `work` runs. */
  withWorker<Result>(options: Partial<WorkerOptions>, work: () => Promise<Result>): Promise<Result>;
  /** Places this many orders, at most `concurrency` at a time, until all are confirmed. Returns their ids. */
  confirm(count: number, concurrency: number): Promise<string[]>;
  /** To be called when a worker in another process has confirmed an order. */
  confirmed(orderId: string): void;
  /** The cost per order in this process, after a warm-up. */
  measure(orders: number, concurrency: number): Promise<Cost>;
  close(): Promise<void>;
}

export async function startOrdersInMemory(): Promise<OrdersInMemory> {
  await installTemporalRuntime(createLogger('bench', 'error'));
  const folder = scratchFolder();
  const executable = await findTemporal(cache);
  const server = await startTemporal({
    executable,
    folder: folder.path,
    port: 0,
    uiPort: undefined,
    namespace: 'default',
  });
  const connection = await NativeConnection.connect({ address: server.address });
  const clientConnection = await Connection.connect({ address: server.address });
  const client = new Client({ connection: clientConnection });
  const waiting = new Map<string, () => void>();
  const serviceWorkers = await createServiceWorkers(connection);
  const running = serviceWorkers.map((worker) => worker.run());

  async function place(): Promise<string> {
    const input = orderInput();
    const isConfirmed = new Promise<void>((resolve) => waiting.set(input.orderId, resolve));
    await client.workflow.start('orderWorkflow', startOptionsOf({ input, lane: 'local-first' }));
    await isConfirmed;
    return input.orderId;
  }

  async function confirm(count: number, concurrency: number): Promise<string[]> {
    const ids: string[] = [];
    await forEach(Array(count).keys(), concurrency, async () => void ids.push(await place()));
    return ids;
  }

  function confirmed(orderId: string): void {
    waiting.get(orderId)?.();
    waiting.delete(orderId);
  }

  return {
    client,
    address: server.address,
    confirm,
    confirmed,
    async withWorker(options, work) {
      const worker = await createOrderWorker(connection, options, confirmed);
      return worker.runUntil(work());
    },
    async measure(orders, concurrency) {
      await confirm(concurrency, concurrency);
      const startedAt = performance.now();
      const before = process.cpuUsage();
      await confirm(orders, concurrency);
      const { user, system } = process.cpuUsage(before);
      return {
        cpuMs: (user + system) / 1_000 / orders,
        ordersPerSecond: (orders / (performance.now() - startedAt)) * 1_000,
      };
    },
    async close() {
      for (const worker of serviceWorkers) worker.shutdown();
      await Promise.all(running);
      await clientConnection.close();
      await connection.close();
      await server.close();
      folder.remove();
    },
  };
}

const orderInput = (): OrderInput => ({
  orderId: randomUUID(),
  customerId: randomUUID(),
  lines: [{ sku: 'tea', quantity: 2 }],
  total: { amountMinor: 200, currency: 'GBP' },
  paymentMethod: 'pm_card_visa',
  shippingAddress: { name: 'Ada', line1: '1 High St', city: 'London', postalCode: 'N1 1AA', country: 'GB' },
});
