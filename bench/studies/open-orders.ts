import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { cacheOf } from '../../platform/temporal/workflow-settings.ts';
import { cancelUpdate, orderWorkflowId } from '../../workflows/order/messages.ts';
import { numberFrom } from './compare.ts';
import { startOrdersInMemory } from './orders-in-memory.ts';

// `node bench/studies/open-orders.ts [--orders N] [--cache-mb M]`: opens that many orders, which then wait for their parcels,
// on a real Temporal server and a real worker whose services keep nothing. Prints the worker's memory on the way, and
// calls some orders off, the oldest included: those have long left the cache and are continued from their histories.
const AT_ONCE = 64;
const SAMPLE = 100;
const orders = numberFrom('--orders', 10_000);
const cacheMb = process.argv.includes('--cache-mb') ? numberFrom('--cache-mb', 1) : undefined;
const options = { ...cacheOf({ WORKFLOW_CACHE_MB: cacheMb }), stackTraces: process.argv.includes('--stack-traces') };

const stage = await startOrdersInMemory();
const worker = fork(path.join(import.meta.dirname, 'open-orders-worker.ts'), [
  JSON.stringify({ address: stage.address, ...options }),
]);
worker.on('message', ({ confirmed }: { confirmed?: string }) => confirmed && stage.confirmed(confirmed));
await said(worker, 'running');
await stage.confirm(AT_ONCE * 2, AT_ONCE);
process.stdout.write(`room for ${options.maxCachedWorkflows} workflows\n`);

const ids: string[] = [];
await tell();
const startedAt = performance.now();
while (ids.length < orders) {
  ids.push(...(await stage.confirm(Math.min(Math.ceil(orders / 10), orders - ids.length), AT_ONCE)));
  await tell();
}
process.stdout.write(`opened in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s\n`);

const sample = ids.filter((_, index) => index % Math.ceil(orders / SAMPLE) === 0);
const continuedAt = performance.now();
await Promise.all(sample.map(callOff));
const each = (performance.now() - continuedAt) / sample.length;
process.stdout.write(`${sample.length} of them called off and seen to their end, ${each.toFixed(0)} ms each\n`);
await tell();
const ended = new Promise((resolve) => worker.once('exit', resolve));
worker.disconnect();
await ended;
await stage.close();

async function callOff(orderId: string): Promise<void> {
  const handle = stage.client.workflow.getHandle(orderWorkflowId(orderId));
  await handle.executeUpdate(cancelUpdate, { args: [{ reason: 'changed my mind' }] });
  await handle.result();
}

async function tell(): Promise<void> {
  worker.send('memory');
  const { memory, cached } = await said<{ memory: { now: number; most: number }; cached: number }>(worker, 'memory');
  process.stdout.write(
    `${String(ids.length).padStart(6)} open, ${String(cached).padStart(6)} of them at hand: ${memory.now.toFixed(0)} MB, ${memory.most.toFixed(0)} at most\n`,
  );
}

/** The next message of the worker that has this field. */
function said<Message>(child: ChildProcess, field: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const listen = (message: object) => {
      if (!(field in message)) return;
      child.off('message', listen);
      child.off('exit', gone);
      resolve(message as Message);
    };
    const gone = () => reject(new Error('the worker ended'));
    child.on('message', listen).once('exit', gone);
  });
}
