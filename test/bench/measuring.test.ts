import assert from 'node:assert/strict';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ledgersAt } from '../../bench/race/ledgers.ts';
import { type Started, load } from '../../bench/race/measuring.ts';
import { nothing, orderSeries } from '../../bench/race/orders.ts';

// Nothing listens there, so that comparing the ledgers fails: it comes last.
const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none';

describe('a load', () => {
  let server: Server;
  let received: number;

  beforeEach(async () => {
    received = 0;
    server = createServer((request, response) => {
      received += 1;
      request.resume().once('end', () => response.writeHead(201).end(JSON.stringify({ status: 'confirmed' })));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const start = (system: Partial<Started['system']>): Started => {
    const series = orderSeries(crypto.randomUUID());
    return {
      system: system as Started['system'],
      stage: {
        world: { postgresPid: process.pid, signal: new AbortController().signal },
        processes: { pids: () => ({}) },
        ledgers: ledgersAt(() => NO_DATABASE, ''),
      } as unknown as Started['stage'],
      endpoint: {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        request: () => ({ path: '/orders', headers: {}, body: '{}' }),
      },
      next: { spread: series, flash: series },
      told: { confirmed: nothing(), delivered: nothing() },
    };
  };

  it('is not over, and no ledger is compared, before each confirmed order has its workflow', async () => {
    const counted: number[] = [];
    const countWorkflows = async () => {
      // The last order's workflow is started late.
      counted.push(counted.length === 0 ? received - 1 : received);
      return counted.at(-1)!;
    };
    await assert.rejects(load(start({ countWorkflows }), { clients: 2, rampMs: 0, measureMs: 20 }), /ECONNREFUSED/);
    assert.deepEqual(counted, [received - 1, received]);
  });

  it('is not over before no order has work left to do', async () => {
    const counted: number[] = [];
    const countUnfinished = async () => {
      counted.push(counted.length === 0 ? 1 : 0);
      return counted.at(-1)!;
    };
    await assert.rejects(load(start({ countUnfinished }), { clients: 2, rampMs: 0, measureMs: 20 }), /ECONNREFUSED/);
    assert.deepEqual(counted, [1, 0]);
  });
});
