import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { z } from 'zod';
import { orderEvents } from '../../activities/order-events.ts';
import { subscription } from '../../platform/events/subscription.ts';
import { type Registry, type ServiceParts, defineService } from '../../platform/service.ts';

const REGISTRY = {
  order: { port: 0, publishes: true, subscribesTo: [] },
  picking: { port: 0, publishes: false, subscribesTo: ['order'] },
  packing: { port: 0, publishes: false, subscribesTo: [], usesTemporal: true },
} satisfies Registry;

describe('a service', () => {
  // No query is sent before the check, so nothing connects to this database.
  const environment = { SERVICE_TOKEN: 'a service token of 32 characters', LOG_LEVEL: 'emerg' };

  async function start(
    name: keyof typeof REGISTRY,
    parts: Pick<ServiceParts, 'subscriptions' | 'activities'> = {},
    settings: NodeJS.ProcessEnv = {},
  ): Promise<void> {
    const service = defineService<unknown, z.ZodRawShape>(REGISTRY, {
      name,
      settings: {},
      create: () => ({ requests: { operations: {}, implementation: {} }, ...parts }),
    });
    const databaseUrl = { [`${name.toUpperCase()}_DATABASE_URL`]: 'postgres://nobody@127.0.0.1:1/nothing' };
    await service.start({ ...environment, ...databaseUrl, ...settings });
  }

  it('does not start if it subscribes to a publisher that its registry entry leaves out', async () => {
    await assert.rejects(
      start('order', { subscriptions: [subscription('picking', orderEvents, {})] }),
      /order service subscribes to picking/,
    );
  });

  it('does not start if its registry entry says that it subscribes, and it does not', async () => {
    await assert.rejects(start('picking'), /picking service has no subscriptions/);
  });

  it('does not start if it has activities, and its registry entry does not say so', async () => {
    const activities = { operations: {}, implementation: {} };
    await assert.rejects(start('order', { activities }), /order service has activities: add usesTemporal/);
  });

  it('does not start if the Temporal server refuses it, unless it does not use Temporal', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const settings = { TEMPORAL_ADDRESS: `127.0.0.1:${port}`, TEMPORAL_TLS: 'true' };
    await assert.rejects(start('packing', {}, settings), /setting TEMPORAL_ADDRESS: .* does not use TLS/);
    await assert.rejects(start('picking', {}, settings), /has no subscriptions/);
    server.close();
  });
});
