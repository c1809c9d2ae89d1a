import type { Kysely } from 'kysely';
import type { PaymentRequests, ReceivedEvent } from '../../activities/payment.ts';
import { decodeId, encodeCursor } from '../../platform/database/cursor.ts';
import { findDiscrepancies, readBooks } from './books.ts';
import type { Hold, Operation, Payment, PaymentDatabase } from './database.ts';
import { stepOf } from './holds.ts';
import { mayHaveEnded, placingAndReleasing, wasGivenUp } from './late-holds.ts';
import { createMethodRequests } from './method-requests.ts';
import type { PaymentDependencies } from './operation.ts';
import { receiveDispute } from './disputes.ts';
import { receiveExpiry } from './expired-holds.ts';
import { receiveCaptureFailure } from './failed-captures.ts';
import { receiveRefundEvent } from './failed-refunds.ts';
import { withHolds } from './payments.ts';
import type { ProcessorEvent } from './processor.ts';

/** What others ask the payment service at once: see the contract. */
export function createPaymentRequests(dependencies: PaymentDependencies): PaymentRequests {
  const { db, processor } = dependencies;
  return {
    ...createMethodRequests(dependencies),
    receiveEvent: async (event) => receive(dependencies, processor.readEvent(event)),
    async listBooks({ after, limit }) {
      const rows = await readBooks(db, after === undefined ? FIRST : decodeId(after), limit + 1);
      const items = rows.slice(0, limit);
      return { items, next: rows.length > limit ? encodeCursor([items.at(-1)!.orderId]) : null };
    },
    checkBalances: async () => ({ discrepancies: await findDiscrepancies(db) }),
    readProcessorLedger: async (request) => ({ page: (await processor.readLedger?.(request)) ?? null }),
  };
}

/** Sorts before every order id: RFC 9562's nil UUID. */
const FIRST = '00000000-0000-0000-0000-000000000000';

async function receive(dependencies: PaymentDependencies, event: ProcessorEvent): Promise<ReceivedEvent> {
  const { db, processor } = dependencies;
  const found = await findHold(db, event);
  if (!event || !found) return { meaning: 'nothing' };
  const { payment, hold } = found;
  const disputed = event.dispute && (await receiveDispute(dependencies, hold, event.dispute));
  if (disputed) return disputed;
  const failed = event.refund && (await receiveRefundEvent(dependencies, payment, event.refund));
  if (failed) return failed;
  const failedCaptures = event.captures && (await receiveCaptureFailure(dependencies, payment, hold));
  if (failedCaptures) return failedCaptures;
  const expired = event.expiry && (await receiveExpiry(dependencies, payment, hold));
  if (expired) return expired;
  const { order_id: orderId, hold_id: holdId, reference } = hold;
  const operations = await placingAndReleasing(db, hold);
  if (!mayHaveEnded(payment, hold)) {
    return isAwaited(hold, operations) ? { meaning: 'awaited', orderId } : { meaning: 'nothing' };
  }
  const isLate = wasGivenUp(payment, hold, operations) && (await processor.isHeld({ orderId, holdId, reference }));
  return isLate ? { meaning: 'heldLate', orderId } : { meaning: 'nothing' };
}

const isAwaited = (hold: Hold, operations: readonly Operation[]): boolean =>
  hold.holder_asked && operations.some(({ step, state }) => step === stepOf('authorize', hold) && state === 'asked');

/** The payment and the hold that an event is about. */
async function findHold(
  db: Kysely<PaymentDatabase>,
  event: ProcessorEvent,
): Promise<{ payment: Payment; hold: Hold } | undefined> {
  if (!event) return undefined;
  const orders =
    'orderId' in event
      ? [event.orderId]
      : db
          .selectFrom('payments')
          .select('order_id')
          .where('reference', '=', event.reference)
          .unionAll(db.selectFrom('holds').select('order_id').where('reference', '=', event.reference));
  const row = await db.selectFrom('payments').selectAll().where('order_id', 'in', orders).executeTakeFirst();
  if (!row) return undefined;
  const payment = await withHolds(db, row);
  const hold = payment.holds.find((candidate) =>
    'orderId' in event ? candidate.hold_id === event.holdId : candidate.reference === event.reference,
  );
  return hold && { payment, hold };
}
