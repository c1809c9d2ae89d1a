import type { Client } from '@temporalio/client';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { inventoryRequests } from '../../../activities/inventory.ts';
import type { OutsideLedger as OutsideBook, ReadOutsideLedger } from '../../../activities/outside-ledger.ts';
import { paymentRequests } from '../../../activities/payment.ts';
import { shippingRequests } from '../../../activities/shipping.ts';
import { createClient } from '../../../platform/http/client.ts';
import type { OrderDatabase } from '../database.ts';
import { createReconciliationRequests } from '../reconciliation.ts';
import type { StepServiceUrls } from '../step-services.ts';
import { CarrierItem, ProcessorItem } from './account.ts';
import type { OutsideLedger } from './outside-window.ts';
import { isRunning, listRunning } from './running-workflows.ts';
import type { Sources } from './sources.ts';

/** Where the order service finds the books: its own in its database, the others through their services. */
export interface BooksOptions {
  db: Kysely<OrderDatabase>;
  urls: Pick<StepServiceUrls, 'payment' | 'inventory' | 'shipping'>;
  token: string;
  temporal: Client;
}

/** Opens the books; the ledgers of the processor and the carrier only where they can be read. */
export function booksOf({ db, urls, token, temporal }: BooksOptions): () => Promise<Sources> {
  const payment = createClient({ service: 'payment', urls: urls.payment, token }, 'requests', paymentRequests);
  const inventory = createClient({ service: 'inventory', urls: urls.inventory, token }, 'requests', inventoryRequests);
  const shipping = createClient({ service: 'shipping', urls: urls.shipping, token }, 'requests', shippingRequests);
  const orders = createReconciliationRequests(db);
  return async () => {
    const [processor, carrier] = await Promise.all([
      outsideLedger((request) => payment.readProcessorLedger(request), ProcessorItem),
      outsideLedger((request) => shipping.readCarrierLedger(request), CarrierItem),
    ]);
    return {
      order: (request) => orders.listBooks(request),
      payment: (request) => payment.listBooks(request),
      inventory: (request) => inventory.listBooks(request),
      shipping: (request) => shipping.listBooks(request),
      processor,
      carrier,
      runningWorkflows: () => listRunning(temporal),
      workflowRuns: (orderId) => isRunning(temporal, orderId),
      hasOrder: (orderId) => hasOrder(db, orderId),
      async checkBalances() {
        const [money, stock] = await Promise.all([payment.checkBalances({}), inventory.checkBalances({})]);
        return [
          ...money.discrepancies.map((discrepancy) => `payment-balance: ${discrepancy}`),
          ...stock.discrepancies.map((discrepancy) => `stock-balance: ${discrepancy}`),
        ];
      },
    };
  };
}

/** Undefined where there is no ledger that can be read. */
async function outsideLedger<Item>(
  read: (request: ReadOutsideLedger) => Promise<OutsideBook>,
  item: z.ZodType<Item>,
): Promise<OutsideLedger<Item> | undefined> {
  const { page: first } = await read({ limit: 1 });
  if (!first) return undefined;
  const items = z.array(item);
  return async (request) => {
    const { page } = await read(request);
    if (!page) throw new Error('a ledger that could be read cannot be read any more');
    return { items: items.parse(page.items), next: page.next };
  };
}

/** Somebody may have started a workflow with any id. */
async function hasOrder(db: Kysely<OrderDatabase>, orderId: string): Promise<boolean> {
  if (!z.uuid().safeParse(orderId).success) return false;
  return (await db.selectFrom('orders').select('id').where('id', '=', orderId).executeTakeFirst()) !== undefined;
}
