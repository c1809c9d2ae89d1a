import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { inventoryRequests } from '../../activities/inventory.ts';
import type { Page, PageRequest } from '../../platform/contract/operation.ts';
import { orderRequests } from '../../activities/order.ts';
import { paymentRequests } from '../../activities/payment.ts';
import { shippingRequests } from '../../activities/shipping.ts';
import { createClient } from '../../platform/http/client.ts';
import { REGISTRY, type ServiceName } from '../../services/registry.ts';
import { Unreachable, createApi } from '../api/client.ts';
import { ToolError, dataFolder, urlOption } from '../command-line.ts';
import { CarrierItem, ProcessorItem } from './account.ts';
import type { Sources } from './sources.ts';

/** Addresses that `npm start` leaves in its data folder; each may be absent. */
const Running = z.object({
  doors: z.record(z.string(), z.string()).optional(),
  processor: z.string().optional(),
  carrier: z.string().optional(),
});
const Secrets = z.object({ serviceToken: z.string().optional() });

/**
 * Where the ledgers are: by `<NAME>_URL` (several with commas), PROCESSOR_URL, CARRIER_URL and SERVICE_TOKEN; else as a
 * running `npm start` says in its data folder; else at the ports everything has by default.
 */
export function findSources(environment: NodeJS.ProcessEnv = process.env, folder = dataFolder()): Sources {
  const running = readState(path.join(folder, 'running.json'), Running);
  const token = environment.SERVICE_TOKEN || readState(path.join(folder, 'secrets.json'), Secrets).serviceToken;
  if (!token) {
    throw new ToolError(
      `no service token: set SERVICE_TOKEN, or DATA_DIR to the data folder of a running platform (${folder} has none)`,
    );
  }
  const address = (service: ServiceName) => {
    const setting = `${service.toUpperCase()}_URL`;
    const given = environment[setting] || running.doors?.[service] || `http://127.0.0.1:${REGISTRY[service].port}`;
    return { service, urls: given.split(',').map((url) => urlOption(setting, url.trim())), token };
  };
  const outside = (setting: string, byDefault: string) => urlOption(setting, environment[setting] || byDefault);
  const order = createClient(address('order'), 'requests', orderRequests);
  const payment = createClient(address('payment'), 'requests', paymentRequests);
  const inventory = createClient(address('inventory'), 'requests', inventoryRequests);
  const shipping = createClient(address('shipping'), 'requests', shippingRequests);
  return {
    order: (request) => order.listBooks(request),
    payment: (request) => payment.listBooks(request),
    inventory: (request) => inventory.listBooks(request),
    shipping: (request) => shipping.listBooks(request),
    processor: ledgerAt(outside('PROCESSOR_URL', running.processor ?? 'http://127.0.0.1:4010'), ProcessorItem),
    carrier: ledgerAt(outside('CARRIER_URL', running.carrier ?? 'http://127.0.0.1:4020'), CarrierItem),
    async checkBalances() {
      const [money, stock] = await Promise.all([payment.checkBalances({}), inventory.checkBalances({})]);
      return [
        ...money.discrepancies.map((words) => `payment-balance: ${words}`),
        ...stock.discrepancies.map((words) => `stock-balance: ${words}`),
      ];
    },
  };
}

// A restart in the middle of a comparison is bridged; a ledger that is down is told soon.
const PATIENCE_MS = 5_000;

/** The outside world's own ledger, page by page. */
function ledgerAt<Item>(url: string, item: z.ZodType<Item>): (request: PageRequest) => Promise<Page<Item>> {
  const api = createApi(url, { patienceMs: PATIENCE_MS });
  const shape = z.object({ items: z.array(item), next: z.string().nullable() });
  return async ({ after, limit }) => {
    const query = new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) });
    const answer = await api({ method: 'GET', path: `/ledger?${query.toString()}` });
    const page = shape.safeParse(answer.body);
    if (answer.status !== 200 || !page.success) {
      throw new Unreachable(`${url}/ledger answered ${answer.status}, and not with a ledger`);
    }
    return page.data;
  };
}

function readState<State extends object>(file: string, shape: z.ZodType<State>): Partial<State> {
  try {
    return shape.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {}; // Nothing runs there, or not in this folder: settings and defaults say the rest.
  }
}
