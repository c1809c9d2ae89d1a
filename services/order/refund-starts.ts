import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { type Kysely, sql } from 'kysely';
import { moneyInWords } from '../../activities/money-in-words.ts';
import { type WakeableBackground, repeat } from '../../platform/background.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { promptly } from '../../platform/temporal/client.ts';
import { type RefundInput, refundWorkflowId } from '../../workflows/refund/messages.ts';
import type { refundWorkflow } from '../../workflows/refund/workflow.ts';
import { ORDER_TASK_QUEUE, customerIdAttribute } from '../../workflows/saga/messages.ts';
import type { OrderDatabase } from './database.ts';

// Staff waits for the money to go out, so a request wakes the sweep; by itself it starts what a crash or an outage has left.
const SWEEP_MS = 5_000;
const SWEEP_SIZE = 20;

export interface RefundStart {
  input: RefundInput;
  customerId: string;
}

export interface RefundStartsOptions {
  db: Kysely<OrderDatabase>;
  /** Starts a refund's workflow, unless it was started before. */
  startWorkflow: (start: RefundStart) => Promise<void>;
  logger: Logger;
}

/**
 * Starts the workflow of each requested refund, for certain: what a crash or an outage of Temporal leaves is started later, by
 * any replica. Several may start one; the workflow runs once.
 */
export const startRefunds = ({ db, startWorkflow, logger }: RefundStartsOptions): WakeableBackground =>
  repeat(
    async () => {
      // One that cannot be started holds no other up.
      const failures: unknown[] = [];
      for (const start of await findWaiting(db)) {
        await startWorkflow(start)
          .then(() => markStarted(db, start))
          .catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw failures[0];
    },
    { everyMs: SWEEP_MS, failing: 'could not start the workflows of refunds', logger },
  );

async function findWaiting(db: Kysely<OrderDatabase>): Promise<RefundStart[]> {
  const rows = await db
    .selectFrom('refunds')
    .innerJoin('orders', 'orders.id', 'refunds.order_id')
    .select(['refunds.id', 'refunds.order_id', 'refunds.amount_minor', 'orders.currency', 'orders.customer_id'])
    .where('workflow_started_at', 'is', null)
    // One that has ended was started, and its mark was lost.
    .where('refunds.status', '=', 'requested')
    .orderBy('refunds.created_at')
    .limit(SWEEP_SIZE)
    .execute();
  return rows.map(({ id, order_id: orderId, amount_minor: amountMinor, currency, customer_id: customerId }) => ({
    input: { refundId: id, orderId, amount: { amountMinor, currency } },
    customerId,
  }));
}

const markStarted = (db: Kysely<OrderDatabase>, { input }: RefundStart) =>
  db
    .updateTable('refunds')
    .set({ workflow_started_at: sql`now()` })
    .where('id', '=', input.refundId)
    .execute();

/** Starts the workflow of a refund; does nothing if it was started before. */
export async function startRefundWorkflow(client: Client, { input, customerId }: RefundStart): Promise<void> {
  const { refundId, orderId, amount } = input;
  try {
    await promptly(client, () =>
      client.workflow.start<typeof refundWorkflow>('refundWorkflow', {
        workflowId: refundWorkflowId(refundId),
        taskQueue: ORDER_TASK_QUEUE,
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        args: [input],
        staticSummary: `${moneyInWords(amount)} of order ${orderId}`,
        typedSearchAttributes: [{ key: customerIdAttribute, value: customerId }],
      }),
    );
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
