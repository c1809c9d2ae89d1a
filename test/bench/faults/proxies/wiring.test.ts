import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { Proxies } from '../../../../bench/race/faults/proxies/proxies.ts';
import { type Listener, Wiring } from '../../../../bench/race/faults/proxies/wiring.ts';
import { Random } from '../../../../tools/random.ts';
import { freePorts } from '../../../stage/free-ports.ts';

describe('the proxies in front of the processes of a system', () => {
  let wiring: Wiring;
  afterEach(() => wiring.close());

  const listeners = async (): Promise<Listener[]> => {
    const { inventory, front } = await freePorts('inventory', 'front');
    return [
      { name: 'inventory', setting: 'INVENTORY_PORT', kind: 'http', port: inventory },
      { name: 'front', setting: 'FRONT_PORT', kind: 'http', port: front },
    ];
  };
  const planWith = (environment: NodeJS.ProcessEnv) => ({ name: 'inventory', command: ['node'], environment });

  it('have a process listen behind its proxy, while others keep the proxy’s address', async () => {
    wiring = new Wiring(new Proxies(new Random(1)));
    const [inventory] = (await listeners()) as [Listener];
    await wiring.openProxiesFor([inventory]);
    const given = {
      INVENTORY_PORT: String(inventory.port),
      INVENTORY_URL: `http://127.0.0.1:${inventory.port}`,
      PAYMENT_PORT: '7',
    };
    const { environment } = wiring.rewired(planWith(given));
    const { INVENTORY_PORT: behind, ...rest } = environment;
    const { INVENTORY_PORT: proxy, ...unchanged } = given;
    assert.notEqual(behind, proxy);
    assert.deepEqual(rest, unchanged);

    const server = http
      .createServer((_request, response) => response.end('behind'))
      .listen(Number(behind), '127.0.0.1');
    await once(server, 'listening');
    const response = await fetch(given.INVENTORY_URL, { headers: { connection: 'close' } });
    assert.equal(await response.text(), 'behind');
    server.close();
  });

  it('give a process no setting that it did not have', async () => {
    wiring = new Wiring(new Proxies(new Random(1)));
    await wiring.openProxiesFor(await listeners());
    const { environment } = wiring.rewired(planWith({ INVENTORY_PORT: '1' }));
    assert.deepEqual(Object.keys(environment), ['INVENTORY_PORT']);
  });

  it('are not there, and change nothing, without proxies', async () => {
    wiring = new Wiring(undefined);
    await wiring.openProxiesFor(await listeners());
    assert.equal(await wiring.openProxy('postgres', 'tcp', 5432), 5432);
    const plan = planWith({ INVENTORY_PORT: '1' });
    assert.deepEqual(wiring.rewired(plan), plan);
  });
});
