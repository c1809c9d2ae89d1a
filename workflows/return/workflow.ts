import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  setHandler,
} from '@temporalio/workflow';
import type { ReceivedLine, ReturnStatus } from '../../activities/return.ts';
import { Journal } from '../saga/displayed-history.ts';
import { type ReturnInput, receiveReturnUpdate } from '../messages.ts';
import { Saga } from '../saga/saga.ts';
import { books, settled } from '../saga/service-clients.ts';
import { pieces } from '../saga/summaries.ts';

// Goods that have not come after 60 days will not: whoever still has them can ask again.
const PATIENCE = '60 days';

/** Carries one return from asked for to received, restocked and refunded. It only moves forward. */
export async function returnWorkflow(input: ReturnInput): Promise<ReturnStatus> {
  const { returnId, orderId, lines } = input;
  const journal = new Journal(`Return ${returnId} of order ${orderId}: ${pieces(lines)}`);
  const saga = new Saga(orderId, journal);
  let received: ReceivedLine[] | undefined;
  let givenUp = false;
  setHandler(receiveReturnUpdate, (goods) => void (received = goods.lines), {
    validator: (goods?: { lines: ReceivedLine[] }) => {
      if (received || givenUp) {
        throw ApplicationFailure.nonRetryable('this return has been received or has expired', 'AlreadyReceived');
      }
      checkPart(goods?.lines ?? [], lines);
    },
    description: 'The goods are back.',
  });

  return CancellationScope.nonCancellable(async () => {
    journal.note('requestReturn', 'succeeded', { detail: pieces(lines) });
    await books.noteSteps(saga.note());
    givenUp = !(await condition(() => received !== undefined, PATIENCE, { summary: 'until the goods are given up' }));
    const status = received
      ? await takeBack(input, received, { journal, saga })
      : await giveUp(input, { journal, saga });
    await condition(allHandlersFinished);
    return status;
  });
}

interface Telling {
  journal: Journal;
  saga: Saga;
}

async function takeBack(
  { orderId, returnId }: ReturnInput,
  goods: ReceivedLine[],
  { journal, saga }: Telling,
): Promise<ReturnStatus> {
  journal.note('receiveReturn', 'succeeded', { detail: pieces(goods) });
  const { refund } = await books.receiveReturn({ ...saga.note(), returnId, lines: goods });

  const resellable = goods
    .filter(({ condition: state }) => state === 'resellable')
    .map(({ sku, quantity }) => ({ sku, quantity }));
  if (resellable.length > 0) {
    await saga.mustHappen('restockReturn', () =>
      settled.inventory.restockReturn({ orderId, returnId, lines: resellable }),
    );
  }
  const stuck = { paymentStatus: 'requires_action' } as const;
  const refundPayment = () => settled.payment.refundPayment({ orderId, refundId: returnId, amount: refund });
  if ((await saga.mustHappen('refundPayment', refundPayment, stuck)) === 'skipped') return 'received';
  await books.refundReturn({ ...saga.note(), returnId });
  return 'refunded';
}

async function giveUp({ returnId }: ReturnInput, { journal, saga }: Telling): Promise<ReturnStatus> {
  journal.note('receiveReturn', 'failed', { detail: 'the goods did not come' });
  await books.expireReturn({ ...saga.note(), returnId });
  return 'expired';
}

/** Something must have come back, and nothing that was not announced. */
function checkPart(goods: readonly ReceivedLine[], announced: ReturnInput['lines']): void {
  if (goods.length === 0) throw ApplicationFailure.nonRetryable('say which lines came back', 'NotInReturn');
  const open = new Map<string, number>();
  for (const { sku, quantity } of announced) open.set(sku, (open.get(sku) ?? 0) + quantity);
  for (const { sku, quantity } of goods) {
    const left = (open.get(sku) ?? 0) - quantity;
    if (left < 0) throw ApplicationFailure.nonRetryable(`more of ${sku} than this return announced`, 'NotInReturn');
    open.set(sku, left);
  }
}
