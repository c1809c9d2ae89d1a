import path from 'node:path';
import { z } from 'zod';
import { inventoryRequests } from '../../activities/inventory.ts';
import type { Page, PageRequest } from '../../platform/contract/operation.ts';
import { orderRequests } from '../../activities/order.ts';
import { paymentRequests } from '../../activities/payment.ts';
import { shippingRequests } from '../../activities/shipping.ts';
import { createClient } from '../../platform/http/client.ts';
import { type TemporalPlace, namesTemporal, readTemporalPlace } from '../../platform/temporal/place.ts';
import { REGISTRY, type ServiceName } from '../../services/registry.ts';
import { Unreachable, createApi } from '../api/client.ts';
import { ToolError, dataFolder, urlOption } from '../command-line.ts';
import type { Addresses } from '../../local/lock-file.ts';
import { carrierUrl, processorUrl, readJson, runningPlatform } from '../running-platform.ts';
import { CarrierItem, ProcessorItem } from './account.ts';
import { runningWorkflows } from './running-workflows.ts';
import type { Sources } from './sources.ts';

const Secrets = z.object({ serviceToken: z.string().optional() });

/**
 * Finds the ledgers and Temporal: from `<NAME>_URL` (several addresses separated by commas), PROCESSOR_URL, CARRIER_URL,
 * SERVICE_TOKEN and the `TEMPORAL_` settings; else from the data folder of a running `npm start`; else at the default ports.
 */
export function findSources(environment: NodeJS.ProcessEnv = process.env, folder = dataFolder()): Sources {
  const running = runningPlatform(folder);
  const token = environment.SERVICE_TOKEN || readJson(path.join(folder, 'secrets.json'), Secrets).serviceToken;
  if (!token) {
    throw new ToolError(
      `no service token: set SERVICE_TOKEN, or set DATA_DIR to the data folder of a running platform (${folder} has none)`,
    );
  }
  const address = (service: ServiceName) => {
    const setting = `${service.toUpperCase()}_URL`;
    const given = environment[setting] || running.doors?.[service] || `http://127.0.0.1:${REGISTRY[service].port}`;
    return { service, urls: given.split(',').map((url) => urlOption(setting, url.trim())), token };
  };
  const temporal = temporalOf(running, environment);
  const order = createClient(address('order'), 'requests', orderRequests);
  const payment = createClient(address('payment'), 'requests', paymentRequests);
  const inventory = createClient(address('inventory'), 'requests', inventoryRequests);
  const shipping = createClient(address('shipping'), 'requests', shippingRequests);
  return {
    order: (request) => order.listBooks(request),
    payment: (request) => payment.listBooks(request),
    inventory: (request) => inventory.listBooks(request),
    shipping: (request) => shipping.listBooks(request),
    processor: ledgerAt(processorUrl(running, environment), ProcessorItem),
    carrier: ledgerAt(carrierUrl(running, environment), CarrierItem),
    runningWorkflows: () => runningWorkflows(temporal),
    async hasOrder(orderId) {
      // Somebody may have started a workflow with any id.
      if (!z.uuid().safeParse(orderId).success) return false;
      return (await order.getOrders({ orderIds: [orderId] })).items.length > 0;
    },
    async checkBalances() {
      const [money, stock] = await Promise.all([payment.checkBalances({}), inventory.checkBalances({})]);
      return [
        ...money.discrepancies.map((discrepancy) => `payment-balance: ${discrepancy}`),
        ...stock.discrepancies.map((discrepancy) => `stock-balance: ${discrepancy}`),
      ];
    },
  };
}

/** The lock file has no certificate and no API key: where Temporal asks for them, the settings name them as well. */
function temporalOf({ temporal }: Partial<Addresses>, environment: NodeJS.ProcessEnv): TemporalPlace {
  if (!temporal || namesTemporal(environment)) return readTemporalPlace(environment);
  const TEMPORAL_NAMESPACE = environment.TEMPORAL_NAMESPACE || temporal.namespace;
  return readTemporalPlace({ ...environment, TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE });
}

// Long enough for a restart during a comparison, short enough to report soon that a ledger is down.
const RETRY_FOR_MS = 5_000;

/** Reads the ledger of the processor or the carrier page by page. */
function ledgerAt<Item>(url: string, item: z.ZodType<Item>): (request: PageRequest) => Promise<Page<Item>> {
  const api = createApi(url, { retryForMs: RETRY_FOR_MS });
  const shape = z.object({ items: z.array(item), next: z.string().nullable() });
  return async ({ after, limit }) => {
    const query = new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) });
    const response = await api({ method: 'GET', path: `/ledger?${query.toString()}` });
    const page = shape.safeParse(response.body);
    if (response.status !== 200 || !page.success) {
      throw new Unreachable(`${url}/ledger did not return a ledger (status ${response.status})`);
    }
    return page.data;
  };
}
