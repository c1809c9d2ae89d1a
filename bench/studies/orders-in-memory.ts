import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createLogger } from '../../platform/telemetry/logger.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { startTemporal } from '../../local/temporal.ts';
import { installTemporalRuntime } from '../../platform/temporal/worker.ts';
import { type OrderInput, orderWorkflowId } from '../../workflows/order/messages.ts';
import type { Cost } from './compare.ts';
import { cache, createOrderWorker, createServiceWorkers } from './order-worker.ts';

/** A Temporal server of our own and workers whose services keep nothing: what is left is what workflows cost. */
export interface OrdersInMemory {
  client: Client;
  address: string;
  /** Runs the order service's worker in this process with these options while `work` runs. */
  withWorker<Result>(options: Partial<WorkerOptions>, work: () => Promise<Result>): Promise<Result>;
  /** Places this many orders, at most `atOnce` at a time, each until it is confirmed. Resolves with their ids. */
  confirm(count: number, atOnce: number): Promise<string[]>;
  /** To be called by a worker in another process. */
  confirmed(orderId: string): void;
  /** What an order costs this process, once it is warm. */
  measure(orders: number, atOnce: number): Promise<Cost>;
  close(): Promise<void>;
}

export async function startOrdersInMemory(): Promise<OrdersInMemory> {
  await installTemporalRuntime(createLogger('bench', 'error'));
  const folder = mkdtempSync(path.join(tmpdir(), 'order-platform-bench-'));
  const executable = await findTemporal(cache);
  const server = await startTemporal({ executable, folder, port: 0, uiPort: undefined, namespace: 'default' });
  const connection = await NativeConnection.connect({ address: server.address });
  const clientConnection = await Connection.connect({ address: server.address });
  const client = new Client({ connection: clientConnection });
  const waiting = new Map<string, () => void>();
  const others = await createServiceWorkers(connection);
  const running = others.map((worker) => worker.run());

  async function place(): Promise<string> {
    const input = orderInput();
    const isConfirmed = new Promise<void>((resolve) => waiting.set(input.orderId, resolve));
    await client.workflow.start('orderWorkflow', {
      workflowId: orderWorkflowId(input.orderId),
      taskQueue: 'order',
      args: [input],
      memo: { lane: 'local-first' },
    });
    await isConfirmed;
    return input.orderId;
  }

  async function confirm(count: number, atOnce: number): Promise<string[]> {
    const ids: string[] = [];
    let left = count;
    const one = async () => {
      while (left-- > 0) ids.push(await place());
    };
    await Promise.all(Array.from({ length: atOnce }, one));
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
    async measure(orders, atOnce) {
      await confirm(atOnce, atOnce);
      const startedAt = performance.now();
      const before = process.cpuUsage();
      await confirm(orders, atOnce);
      const { user, system } = process.cpuUsage(before);
      return {
        cpuMs: (user + system) / 1_000 / orders,
        ordersPerSecond: (orders / (performance.now() - startedAt)) * 1_000,
      };
    },
    async close() {
      for (const worker of others) worker.shutdown();
      await Promise.all(running);
      await clientConnection.close();
      await connection.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
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
