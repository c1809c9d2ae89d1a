import { z } from 'zod';
import { inventoryRequests } from '../../activities/inventory.ts';
import type { OutsideLedger } from '../../services/order/reconcile/outside-window.ts';
import { orderRequests } from '../../activities/order.ts';
import { paymentRequests } from '../../activities/payment.ts';
import { shippingRequests } from '../../activities/shipping.ts';
import { createClient } from '../../platform/http/client.ts';
import { type TemporalPlace, namesTemporal, readTemporalPlace } from '../../platform/temporal/place.ts';
import { Unreachable, createApi } from '../api/client.ts';
import { dataFolder } from '../command-line.ts';
import type { Addresses } from '../../local/lock-file.ts';
import { carrierUrl, processorUrl, runningPlatform, serviceAddresses } from '../running-platform.ts';
import { CarrierItem, ProcessorItem } from '../../services/order/reconcile/account.ts';
import { runningWorkflows, workflowRuns } from './running-workflows.ts';
import type { Sources } from '../../services/order/reconcile/sources.ts';

/**
 * Finds the ledgers and Temporal: from `<NAME>_URL` (several addresses separated by commas), PROCESSOR_URL, CARRIER_URL,
 * SERVICE_TOKEN and the `TEMPORAL_` settings; else from the data folder of a running `npm start`; else at the default ports.
 */
export function findSources(environment: NodeJS.ProcessEnv = process.env, folder = dataFolder()): Sources {
  const running = runningPlatform(folder);
  const address = serviceAddresses(running, environment, folder);
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
    workflowRuns: (orderId) => workflowRuns(temporal, orderId),
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

/** Reads the ledger of the processor or the carrier page by page, or what it has about one order. */
function ledgerAt<Item>(url: string, item: z.ZodType<Item>): OutsideLedger<Item> {
  const api = createApi(url, { retryForMs: RETRY_FOR_MS });
  const shape = z.object({ items: z.array(item), next: z.string().nullable().default(null) });
  return async ({ after, limit, orderId }) => {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(after !== undefined && { after }),
      ...(orderId !== undefined && { orderId }),
    });
    const response = await api({ method: 'GET', path: `/ledger?${query.toString()}` });
    const page = shape.safeParse(response.body);
    if (response.status !== 200 || !page.success) {
      throw new Unreachable(`${url}/ledger did not return a ledger (status ${response.status})`);
    }
    return page.data;
  };
}
