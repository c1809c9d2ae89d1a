import assert from 'node:assert/strict';
import path from 'node:path';
import type { OrderDatabase } from '../../../services/order/database.ts';
import { order } from '../../../services/order/service.ts';
import { freePorts } from '../../stage/free-ports.ts';
import { type FreshDatabase, freshDatabase } from '../../stage/fresh-database.ts';

describe('order service: readiness while Temporal is away', function () {
  this.timeout(60_000);
  let database: FreshDatabase<OrderDatabase>;
  before(async () => {
    database = await freshDatabase<OrderDatabase>('order');
  });
  after(() => database.drop());

  const statusOf = async (lane: string): Promise<number> => {
    const { port, nothing } = await freePorts('port', 'nothing');
    const running = await order.start({
      SERVICE_TOKEN: 'a service token of 32 characters',
      LOG_LEVEL: 'emerg',
      ORDER_DATABASE_URL: database.url,
      ORDER_PORT: String(port),
      ORDER_LANE: lane,
      CACHE_DIR: path.join(import.meta.dirname, '../../../.cache'),
      TEMPORAL_ADDRESS: `127.0.0.1:${nothing}`,
    });
    try {
      return (await fetch(`${running.url}/readyz`)).status;
    } finally {
      await running.close();
    }
  };

  it('is ready in the lane express, which confirms orders without Temporal, and not in the others', async () => {
    assert.deepEqual(
      [await statusOf('express'), await statusOf('local-first'), await statusOf('durable')],
      [200, 503, 503],
    );
  });
});
