import assert from 'node:assert/strict';
import type { z } from 'zod';
import { orderEvents } from '../../activities/order.ts';
import { type Subscription, subscription } from '../../platform/events/subscription.ts';
import { type Registry, defineService } from '../../platform/service.ts';

const REGISTRY = {
  order: { port: 0, publishes: true, subscribesTo: [] },
  picking: { port: 0, publishes: false, subscribesTo: ['order'] },
} satisfies Registry;

describe('a service', () => {
  // No query is sent before the check, so nothing connects to this database.
  const environment = { SERVICE_TOKEN: 'a service token of 32 characters', LOG_LEVEL: 'emerg' };

  async function start(name: keyof typeof REGISTRY, subscriptions?: Subscription[]): Promise<void> {
    const service = defineService<unknown, z.ZodRawShape>(REGISTRY, {
      name,
      settings: {},
      create: () => ({ requests: { operations: {}, implementation: {} }, ...(subscriptions && { subscriptions }) }),
    });
    const databaseUrl = { [`${name.toUpperCase()}_DATABASE_URL`]: 'postgres://nobody@127.0.0.1:1/nothing' };
    await service.start({ ...environment, ...databaseUrl });
  }

  it('does not start if it subscribes to a publisher that its registry entry leaves out', async () => {
    await assert.rejects(
      start('order', [subscription('picking', orderEvents, {})]),
      /order service subscribes to picking/,
    );
  });

  it('does not start if its registry entry says that it subscribes, and it does not', async () => {
    await assert.rejects(start('picking'), /picking service has no subscriptions/);
  });
});
