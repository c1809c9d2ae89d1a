import type { Order } from '../activities/order.ts';
import { orderRequests } from '../activities/order.ts';
import { createClient } from '../platform/http/client.ts';
import { createTemporalClient } from '../platform/temporal/client.ts';
import { type Tool, readArguments } from './arguments.ts';
import { ToolError, dataFolder, printLine, runTool } from './command-line.ts';
import { developmentServer } from './fast-forward/development-server.ts';
import { durationOf } from './fast-forward/duration.ts';
import { findOrder, workflowsOf } from './fast-forward/find-order.ts';
import { type Standing, fastForward, standingOf } from './fast-forward/workflow-time.ts';
import { runningPlatform, serviceAddresses } from './running-platform.ts';

const TOOL = {
  name: 'fast-forward',
  operands: ['ORDER', 'DURATION'],
  purpose: `Moves the time of one order, and of its returns, of the platform that \`npm start\` runs: what they wait for comes
in seconds. ORDER is its number or its id, DURATION a number of minutes, hours or days: 30m, 48h, 7d. All other orders
stay as they are. It works only on the development server of Temporal that the platform has started itself.`,
  options: {},
  example: '10042 7d',
} as const satisfies Tool;

await runTool(async () => {
  const { operands } = readArguments(TOOL);
  const [given, duration] = operands as [string, string];
  const durationMs = durationOf(duration);
  const folder = dataFolder();
  const running = runningPlatform(folder);
  const place = developmentServer(running, { environment: process.env, folder });
  const address = serviceAddresses(running, process.env, folder)('order');
  const orders = createClient(address, 'requests', orderRequests);
  const client = createTemporalClient(place);
  try {
    const order = await findOrder(orders, given);
    const standing = await standings();
    if (standing.length === 0)
      throw new ToolError(`no workflow of order ${order.number} runs: it is ${inWords(order)}`);
    show('before', order, standing);
    for (const { workflowId } of standing) await fastForward(client, workflowId, durationMs);
    show('after', await findOrder(orders, order.id), await standings());
    return 0;

    async function standings(): Promise<Standing[]> {
      const ids = await workflowsOf(orders, order);
      const all = await Promise.all(ids.map((id) => standingOf(client, id)));
      return all.filter((one) => one !== undefined);
    }
  } finally {
    await client.connection.close();
  }
});

function show(when: 'before' | 'after', order: Order, standing: readonly Standing[]): void {
  printLine(`${when}: order ${order.number} is ${inWords(order)}`);
  for (const { workflowId, at, waitsFor } of standing) {
    printLine(`  ${workflowId}, whose time is ${at.toISOString()}: ${waitsFor || 'it does not say what it waits for'}`);
  }
  if (standing.length === 0) printLine('  no workflow of it runs any more');
}

function inWords({ status, paymentStatus, fulfillmentStatus }: Order): string {
  return [status, paymentStatus, fulfillmentStatus].join(', ');
}
