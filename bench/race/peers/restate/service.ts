import { createServer } from 'node:http2';
import * as restate from '@restatedev/restate-sdk';
import { port, readConfig } from '../../../../platform/config.ts';
import { createLogger } from '../../../../platform/telemetry/logger.ts';
import { run } from '../../../../platform/process.ts';
import { Refusal } from '../../../../platform/contract/refusal.ts';
import type { OrderSteps, PlacedOrder } from '../order.ts';
import { type Steps, placeOrder } from '../saga.ts';
import { functionsOf, openSteps, serviceNamed } from '../steps.ts';

// One service's endpoint. A handler runs its step directly, not in `ctx.run`: the step is idempotent by its order, and
// Restate journals its result as the handler's, so that a second journal entry would be useless.
const service = serviceNamed(process.argv[2]);
const steps = functionsOf(openSteps(service, process.env));

const handlers = {
  ...Object.fromEntries(
    Object.entries(steps).map(([name, step]) => [
      name,
      (_context: restate.Context, request: unknown) => final(step, request),
    ]),
  ),
  ...(service === 'order' && { place: (context: restate.Context, order: PlacedOrder) => place(context, order) }),
};

/** Restate's client for a service; its handlers have the steps' names. */
const clientOf = (context: restate.Context, name: string): unknown => context.serviceClient({ name });

const place = (context: restate.Context, order: PlacedOrder) =>
  placeOrder(order, {
    // The order service's own steps need no call; each is a journal entry.
    order: Object.fromEntries(
      Object.entries(steps).map(([name, step]) => [
        name,
        (request: unknown) => context.run(name, () => final(step, request)),
      ]),
    ) as unknown as OrderSteps,
    inventory: clientOf(context, 'inventory') as Steps['inventory'],
    payment: clientOf(context, 'payment') as Steps['payment'],
    shipping: clientOf(context, 'shipping') as Steps['shipping'],
  });

/** A refusal is final: Restate must not retry it. */
async function final(step: (request: unknown) => Promise<unknown>, request: unknown): Promise<unknown> {
  try {
    return await step(request);
  } catch (error) {
    if (error instanceof Refusal) throw new restate.TerminalError(`${error.code}: ${error.message}`);
    throw error;
  }
}

await run(createLogger(service), async () => {
  const setting = `${service.toUpperCase()}_PORT`;
  const endpoint = restate.createEndpointHandler({ services: [restate.service({ name: service, handlers })] });
  const server = createServer(endpoint);
  const servicePort = readConfig({ [setting]: port(0) })[setting] as number;
  await new Promise<void>((resolve) => server.listen(servicePort, '127.0.0.1', resolve));
  return { close: async () => void server.close() };
});
