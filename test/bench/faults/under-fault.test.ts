import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Fault, Target } from '../../../bench/race/faults/faults.ts';
import { underFault } from '../../../bench/race/faults/under-fault.ts';

describe('a load under a fault', () => {
  let server: Server;
  let answered = 0;
  before(async () => {
    // Confirms each order after ten milliseconds.
    server = createServer((_request, response) => {
      setTimeout(() => {
        answered += 1;
        response.end('{"status":"confirmed"}');
      }, 10);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => (answered = 0));
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  const losses: number[] = [];
  const target = { proxies: { loseAnswers: (share: number) => losses.push(share) } } as unknown as Target;
  const striking = (strike: Fault['strike']): Fault => ({
    name: 'test',
    description: 'a fault of this test',
    clients: 2,
    strikes: 0,
    pauseMs: { least: 0, most: 1 },
    ...(strike && { strike }),
  });
  const run = (fault: Fault, { strikes, orders = 60 }: { strikes: number; orders?: number }) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const endpoint = { url, request: () => ({ path: '/', headers: {}, body: '' }) };
    const plan = {
      orders,
      seed: 1,
      strikesOf: () => strikes,
      warmUpMs: 0,
      settleMs: 0,
      secondLookMs: 0,
      awayMs: 0,
      brief: false,
    };
    return underFault(endpoint, target, { fault, plan, signal: new AbortController().signal });
  };

  it('is struck as often as planned, first at once and last when enough orders are placed', async () => {
    const placedAt: number[] = [];
    const strike = async () => String(placedAt.push(answered));
    const load = await run(striking(strike), { strikes: 3 });
    assert.equal(load.strikes.length, 3);
    assert.ok(placedAt[0]! < 30, placedAt.join(' '));
    for (const [index, placed] of placedAt.entries()) assert.ok(placed >= 30 * index, placedAt.join(' '));
    assert.ok(load.asked.length >= 60);
  });

  it('ends with its last strike, so that nothing is placed long after it', async () => {
    const load = await run(
      striking(async () => 'one'),
      { strikes: 3 },
    );
    assert.ok(load.faultsEndedAt >= load.strikes.at(-1)!.until);
    assert.ok(load.faultsEndedAt - load.strikes.at(-1)!.until < 50);
  });

  it('does not count a strike that has hit nothing', async () => {
    let tried = 0;
    const strike = async () => ((tried += 1) % 2 === 0 ? 'one' : undefined);
    const load = await run(striking(strike), { strikes: 4 });
    assert.deepEqual([load.strikes.length, tried], [4, 8]);
  });

  it('places its orders where nothing strikes', async () => {
    const load = await run(striking(undefined), { strikes: 0 });
    assert.ok(load.asked.length >= 60);
    assert.deepEqual(load.strikes, []);
    assert.equal(losses.at(-1), 0);
  });

  it('fails when what was struck does not come back', async () => {
    const strike = async () => {
      throw new Error('it did not start');
    };
    await assert.rejects(run(striking(strike), { strikes: 1 }), /it did not start/);
  });
});
