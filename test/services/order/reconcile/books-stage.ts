import type { Intervention } from '../../../../activities/order-intervention.ts';
import type { ReconciliationReport } from '../../../../activities/reconciliation.ts';
import { OrderWatcher } from '../../../../services/order/order-watcher.ts';
import type { Account } from '../../../../services/order/reconcile/account.ts';
import { reconcileBooks } from '../../../../services/order/reconcile/reconcile-books.ts';
import type { Sources } from '../../../../services/order/reconcile/sources.ts';
import { createOrderRequests } from '../../../../services/order/requests.ts';
import { type OrderStage, orderStage } from '../test-order-service.ts';
import { STAGES } from './accounts.ts';
import { JUST_AFTER, renamed, sourcesOf } from './ledgers.ts';

/** The order service and the books of all services, which a test writes. */
export interface BooksStage extends OrderStage {
  accounts: Account[];
  balances: string[];
  /** Takes the place of the sources of these names. */
  instead: Partial<Sources>;
  /** One comparison. */
  reconcile: () => Promise<ReconciliationReport>;
  /** The open interventions. */
  open: () => Promise<Intervention[]>;
  decide: (
    intervention: Pick<Intervention, 'id'>,
    action: 'retry' | 'skip' | 'refund_manually',
    note?: string,
  ) => Promise<Intervention>;
}

/** Call this in a `describe`. Each test begins without interventions, and with empty books. */
export function booksStage(): BooksStage {
  const stage = orderStage() as BooksStage;
  const books = (): Sources => ({
    ...sourcesOf(() => stage.accounts),
    checkBalances: async () => stage.balances,
    ...stage.instead,
  });
  beforeEach(async () => {
    Object.assign(stage, { accounts: [], balances: [], instead: {} });
    await stage.database.db.deleteFrom('interventions').execute();
  });
  return Object.assign(stage, {
    reconcile: () =>
      reconcileBooks(stage.database.db, books(), {
        workflowId: 'reconcile-1',
        pause: async () => undefined,
        now: () => JUST_AFTER,
      }),
    open: async () => (await stage.requests.listInterventions({ state: 'open', limit: 100 })).items,
    decide({ id }: Pick<Intervention, 'id'>, action: 'retry' | 'skip' | 'refund_manually', note = 'seen') {
      const openBooks = async () => books();
      const options = { waiting: new OrderWatcher(), lane: 'durable', openBooks } as const;
      const requests = createOrderRequests(stage.database.db, options);
      return requests.resolveFinding({ interventionId: id, action, note, resolvedBy: 'admin' });
    },
  });
}

/** A confirmed order whose shipment the shipping service does not know: two rules do not hold. */
export const withoutShipment = (orderId: string): Account => renamed({ ...STAGES.confirmed(), shipments: [] }, orderId);
