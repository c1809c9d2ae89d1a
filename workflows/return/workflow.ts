import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  patched,
  setHandler,
} from '@temporalio/workflow';
import type { ReceivedLine, ReturnStatus } from '../../activities/return.ts';
import { momentInWords } from '../display/markdown.ts';
import { bookkeeping } from '../saga/bookkeeping.ts';
import { DisplayedHistory } from '../saga/displayed-history.ts';
import { payBack } from '../saga/pay-back.ts';
import { Saga } from '../saga/saga.ts';
import { piecesInWords } from '../saga/summaries.ts';
import { checkMessage, readInput } from '../incoming/arrivals.ts';
import { type ReceivedGoods, type ReturnInput, receiveReturnUpdate, receivedGoods, returnInput } from './messages.ts';

// Goods that have not come after 60 days will not come; a customer who still has them can ask again.
const GOODS_TIMEOUT_MS = 60 * 24 * 60 * 60 * 1000;

/** Carries one return from requested to received, restocked and refunded. It only moves forward. */
export async function returnWorkflow(given: ReturnInput): Promise<ReturnStatus> {
  const input = readInput(returnInput, given);
  const { returnId, orderId, lines } = input;
  const history = new DisplayedHistory(`Return ${returnId} of order ${orderId}: ${piecesInWords(lines)}`);
  const saga = new Saga(orderId, history);
  let received: ReceivedLine[] | undefined;
  let expired = false;
  setHandler(receiveReturnUpdate, (goods) => void (received = goods.lines), {
    validator: (given?: ReceivedGoods) => {
      const goods = checkMessage(receivedGoods, given);
      if (received || expired) {
        throw ApplicationFailure.nonRetryable('this return has been received or has expired', 'AlreadyReceived');
      }
      checkAnnounced(goods.lines, lines);
    },
    description: 'The goods are back.',
  });

  return CancellationScope.nonCancellable(async () => {
    history.add('requestReturn', 'succeeded', { detail: piecesInWords(lines) });
    await bookkeeping.noteSteps(saga.update());
    const until = new Date(Date.now() + GOODS_TIMEOUT_MS);
    history.now(
      `**Waits for the goods** until ${momentInWords(until)}, then the return expires. ` +
        `When they are back: \`POST /v1/returns/${returnId}/receive\`.`,
    );
    expired = !(await condition(() => received !== undefined, GOODS_TIMEOUT_MS, {
      summary: 'until the goods are given up',
    }));
    const status = received
      ? await takeBack(input, received, { history, saga })
      : await expire(input, { history, saga });
    history.now(`**Ended**: ${status}`);
    await condition(allHandlersFinished);
    return status;
  });
}

interface ReturnInProgress {
  history: DisplayedHistory;
  saga: Saga;
}

async function takeBack(
  { orderId, returnId }: ReturnInput,
  goods: ReceivedLine[],
  { history, saga }: ReturnInProgress,
): Promise<ReturnStatus> {
  history.add('receiveReturn', 'succeeded', { detail: piecesInWords(goods) });
  const { refund } = await bookkeeping.receiveReturn({ ...saga.update(), returnId, lines: goods });

  const resellable = goods
    .filter(({ condition: state }) => state === 'resellable')
    .map(({ sku, quantity }) => ({ sku, quantity }));
  if (resellable.length > 0) {
    const restock = { orderId, returnId, lines: resellable };
    await saga.mustHappen('restockReturn', (ask) => ask.inventory.restockReturn(restock));
  }
  const { outcome, paid } = await payBack(saga, { orderId, refundId: returnId, amount: refund });
  if (outcome === 'not_refunded') {
    // Executions from before this patch that a person has let go on ended with the return still `received`.
    if (!patched('skipped-refund-is-final')) return 'received';
    history.add('refundPayment', 'failed', { detail: 'the return is closed without a refund' });
    await bookkeeping.skipRefund({ ...saga.update(), returnId, ...(paid && { paid }) });
    return 'not_refunded';
  }
  const manually = outcome === 'refunded_manually';
  await bookkeeping.refundReturn({ ...saga.update(), returnId, ...(manually && { manually }) });
  return 'refunded';
}

async function expire({ returnId }: ReturnInput, { history, saga }: ReturnInProgress): Promise<ReturnStatus> {
  history.add('receiveReturn', 'failed', { detail: 'the goods did not come' });
  await bookkeeping.expireReturn({ ...saga.update(), returnId });
  return 'expired';
}

/** Nothing may have come back that was not announced. */
function checkAnnounced(goods: readonly ReceivedLine[], announced: ReturnInput['lines']): void {
  const open = new Map<string, number>();
  for (const { sku, quantity } of announced) open.set(sku, (open.get(sku) ?? 0) + quantity);
  for (const { sku, quantity } of goods) {
    const left = (open.get(sku) ?? 0) - quantity;
    if (left < 0) throw ApplicationFailure.nonRetryable(`more of ${sku} than this return announced`, 'NotInReturn');
    open.set(sku, left);
  }
}
