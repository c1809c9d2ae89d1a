import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { orderRequests } from '../../activities/order.ts';
import type { PlaceOrder } from '../../activities/order-placing.ts';
import { createClient } from '../../platform/http/client.ts';
import { eventually } from './eventually.ts';
import { freePorts } from './free-ports.ts';
import { environmentOf } from './processes.ts';
import { PRICE_MINOR, type ShopUser, orderRequest } from './shop-users.ts';
import { type Platform, root } from './test-platform.ts';

/** Another process of the order service, on the same database and task queue, in the lane `express`. */
export interface Replica {
  orders: ReturnType<typeof clientAt>;
  kill(): Promise<void>;
}

const READY_MS = 60_000;

/**
 * Starts one beside the order service of a platform whose services are separate processes, with the settings of that one
 * and another port. `changesOf` returns other values of some of them.
 */
export async function startReplica(
  platform: Platform,
  changesOf: (own: NodeJS.ProcessEnv) => Promise<NodeJS.ProcessEnv> = async () => ({}),
): Promise<Replica> {
  const own = orderSettings(platform);
  const changes = await changesOf(own);
  const { ORDER_PORT: port } = await freePorts('ORDER_PORT');
  const child = spawn(process.execPath, ['services/main.ts', 'order'], {
    cwd: root,
    env: { ...own, ...changes, ORDER_LANE: 'express', ORDER_PORT: String(port) },
    stdio: 'ignore',
  });
  await eventually(async () => {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`);
    assert.equal(ready.status, 200);
  }, READY_MS);
  return { orders: clientAt(String(port), own.SERVICE_TOKEN!), kill: () => killed(child) };
}

/** An order of one piece, as the gateway asks the order service for it. */
export function pieceOf(
  sku: string,
  customer: ShopUser,
  given: { orderId: string; postalCode?: string; fromCart?: boolean },
): PlaceOrder {
  const { orderId, fromCart = false, ...difference } = given;
  const { paymentMethod, shippingAddress } = orderRequest(difference);
  const total = { amountMinor: PRICE_MINOR, currency: 'GBP' };
  const lines = [{ sku, quantity: 1, name: 'A test product', unitPrice: total }];
  return { orderId, customerId: customer.id, lines, total, paymentMethod, shippingAddress, fromCart };
}

/** The environment of the platform's own order service. */
function orderSettings(platform: Platform): NodeJS.ProcessEnv {
  const entries = environmentOf(platform.process('services/main.ts order').pid).filter((entry) => entry.includes('='));
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

const clientAt = (port: string, token: string) =>
  createClient({ service: 'order', urls: [`http://127.0.0.1:${port}`], token }, 'requests', orderRequests);

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
