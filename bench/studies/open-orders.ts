import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { cacheOf } from '../../platform/temporal/workflow-settings.ts';
import { print } from '../../tools/command-line.ts';
import { cancelUpdate, orderWorkflowId } from '../../workflows/order/messages.ts';
import { startOrdersInMemory } from './in-memory/orders-in-memory.ts';
import { studyOptions } from './options.ts';

// How much memory does a worker use for many open orders?
//   node bench/studies/open-orders.ts [--orders N] [--cache-mb M] [--stack-traces]
// Opens that many orders, which then wait for their parcels, on a real Temporal server and a real worker whose services
// keep no state. Prints the worker's memory as the number of open orders grows. Then cancels some orders, among them the
// oldest, which left the cache long ago and are replayed from their histories, and prints how long one takes.
const CONCURRENCY = 64;
const CANCELED = 100;
const {
  orders,
  'cache-mb': cacheMb,
  'stack-traces': stackTraces,
} = studyOptions({
  orders: 10_000,
  'cache-mb': undefined,
  'stack-traces': false,
});
const options = { ...cacheOf({ WORKFLOW_CACHE_MB: cacheMb }), stackTraces };

const stage = await startOrdersInMemory();
const worker = fork(path.join(import.meta.dirname, 'in-memory/worker-process.ts'), [
  JSON.stringify({ address: stage.address, ...options }),
]);
worker.on('message', ({ confirmed }: { confirmed?: string }) => confirmed && stage.confirmed(confirmed));
await nextMessage(worker, 'running');
await stage.confirm(CONCURRENCY * 2, CONCURRENCY);
print(`the cache holds ${options.maxCachedWorkflows} workflows`);

const ids: string[] = [];
await printMemory();
const startedAt = performance.now();
while (ids.length < orders) {
  ids.push(...(await stage.confirm(Math.min(Math.ceil(orders / 10), orders - ids.length), CONCURRENCY)));
  await printMemory();
}
print(`opened in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);

const sample = ids.filter((_, index) => index % Math.ceil(orders / CANCELED) === 0);
const cancelingSince = performance.now();
await Promise.all(sample.map(cancel));
const averageMs = (performance.now() - cancelingSince) / sample.length;
print(`canceled ${sample.length} of them, ${averageMs.toFixed(0)} ms each until the workflow ended`);
await printMemory();
const ended = new Promise((resolve) => worker.once('exit', resolve));
worker.disconnect();
await ended;
await stage.close();

async function cancel(orderId: string): Promise<void> {
  const handle = stage.client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
  await handle.result();
}

async function printMemory(): Promise<void> {
  worker.send('memory');
  const { memory, cached } = await nextMessage<{ memory: { nowMib: number; peakMib: number }; cached: number }>(
    worker,
    'memory',
  );
  print(
    `${String(ids.length).padStart(6)} open, ${String(cached).padStart(6)} cached: ` +
      `${memory.nowMib.toFixed(0)} MiB, peak ${memory.peakMib.toFixed(0)} MiB`,
  );
}

/** The worker's next message that has this field. */
function nextMessage<Message>(child: ChildProcess, field: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: object) => {
      if (!(field in message)) return;
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(message as Message);
    };
    const onExit = () => reject(new Error('the worker ended'));
    child.on('message', onMessage).once('exit', onExit);
  });
}
