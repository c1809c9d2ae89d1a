import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { type ProxyKind, Proxies } from '../../../../bench/race/faults/proxies/proxies.ts';
import { Random } from '../../../../tools/random.ts';
import { eventually } from '../../../stage/eventually.ts';
import { freePort } from '../../../stage/free-ports.ts';

const ORDER = { orderId: randomUUID() };

/** A server that records what it did, and answers when `answer` has resolved. */
class Server {
  readonly done: string[] = [];
  answer: (response: http.ServerResponse) => Promise<void> | void = (response) => void response.end('done');
  readonly #http = http.createServer((request, response) => {
    void text(request).then((body) => {
      this.done.push(body);
      return this.answer(response);
    });
  });

  async listen(port: number): Promise<void> {
    this.#http.listen(port, '127.0.0.1');
    await once(this.#http, 'listening');
  }

  /** As when its process is killed. */
  async die(): Promise<void> {
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }
}

describe('proxies for HTTP/1.1 and TCP', () => {
  let server: Server;
  let proxies: Proxies;
  let agent = new http.Agent();
  let [port, target] = [0, 0];
  beforeEach(async () => {
    [port, target] = [await freePort(), await freePort()];
    server = new Server();
    await server.listen(target);
    proxies = new Proxies(new Random(1));
  });
  afterEach(async () => {
    agent.destroy();
    await proxies.close();
    await server.die();
  });
  const open = (kind: ProxyKind = 'http', random = new Random(1)) => {
    agent = new http.Agent({ keepAlive: true });
    proxies = new Proxies(random);
    return proxies.open({ name: 'inventory', kind, port, target });
  };

  /** Resolves with the answer's body. */
  async function ask(body: unknown, { method = 'POST' } = {}): Promise<string> {
    const request = http.request({ port, host: '127.0.0.1', method, agent });
    if (method === 'GET') request.end();
    else request.end(JSON.stringify(body));
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    return text(response);
  }
  /** For each of `count` requests, one after the other, whether it was answered. */
  async function answered(count: number): Promise<boolean[]> {
    const each: boolean[] = [];
    for (let at = 0; at < count; at += 1)
      each.push(
        await ask(at).then(
          () => true,
          () => false,
        ),
      );
    return each;
  }
  const BROKEN = { code: 'ECONNRESET' };

  it('pass requests and answers of any size on one connection', async () => {
    await open();
    server.answer = (response) => void response.end('x'.repeat(1_000_000));
    for (let at = 0; at < 3; at += 1) assert.equal((await ask({ long: 'y'.repeat(1_000_000) })).length, 1_000_000);
    assert.equal(server.done[2]!.length, 1_000_011);
    assert.equal(Object.values(agent.freeSockets).flat().length, 1);
  });

  it('lose an answer after its effect, and know whose it was', async () => {
    await open();
    proxies.loseAnswers(1);
    await assert.rejects(ask(ORDER), BROKEN);
    assert.deepEqual(server.done, [JSON.stringify(ORDER)]);
    assert.deepEqual([proxies.counts, [...proxies.touched]], [{ lost: 1, cut: 0 }, [ORDER.orderId]]);

    proxies.loseAnswers(0);
    assert.equal(await ask({ orderId: randomUUID() }), 'done');
    assert.equal(proxies.touched.size, 1);
  });

  it('pass on nothing of an answer that will be lost', async () => {
    await open();
    server.answer = (response) => void response.end('x'.repeat(3_000_000));
    proxies.loseAnswers(1);
    // Node's message when a connection ends before the head of its answer.
    await assert.rejects(ask(ORDER), { message: 'socket hang up' });
    assert.equal(proxies.counts.lost, 1);
  });

  it('know the orders in an answer that is lost', async () => {
    await open();
    server.answer = (response) => void response.end(JSON.stringify(ORDER));
    proxies.loseAnswers(1);
    await assert.rejects(ask('which events are there?'), BROKEN);
    assert.deepEqual([...proxies.touched], [ORDER.orderId]);
  });

  it('lose no answer to a GET request, and none at a TCP proxy', async () => {
    await open();
    proxies.loseAnswers(1);
    assert.equal(await ask('', { method: 'GET' }), 'done');
    agent.destroy();
    await proxies.close();
    await open('tcp');
    proxies.loseAnswers(1);
    assert.equal(await ask(ORDER), 'done');
  });

  it('lose the same answers again with the same seed, and others with another', async () => {
    const series: string[] = [];
    for (const seed of [7, 7, 8]) {
      await open('http', new Random(seed));
      proxies.loseAnswers(0.3);
      series.push(String(await answered(40)));
      agent.destroy();
      await proxies.close();
    }
    assert.equal(series[0], series[1]);
    assert.notEqual(series[0], series[2]);
    const lost = 40 - series[0]!.match(/true/g)!.length;
    assert.ok(lost > 4 && lost < 24, `${lost} of 40 lost`);
  });

  for (const kind of ['http', 'tcp'] as const) {
    it(`show at a proxy for ${kind} that a server has died, is away, and is back`, async () => {
      await open(kind);
      server.answer = () => server.die();
      await assert.rejects(ask(ORDER), BROKEN, 'it died with the request under way');
      await assert.rejects(ask(ORDER), BROKEN, 'it is away');
      await server.listen(target);
      server.answer = (response) => void response.end('back');
      assert.equal(await ask(ORDER), 'back');
      assert.deepEqual([proxies.counts.lost, proxies.touched.size], [0, 0]);
    });
  }

  it('cut a connection with a request under way, and no other', async () => {
    await open();
    assert.equal(await ask('before'), 'done');
    assert.equal(proxies.cut(), undefined, 'the connection is idle');
    let half!: () => void;
    const isHalf = new Promise<void>((resolve) => (half = resolve));
    server.answer = (response) => {
      response.writeHead(200, { 'content-length': '8' }).write('half');
      half();
    };
    const asking = ask(ORDER);
    await isHalf;
    assert.equal(proxies.cut(), 'inventory');
    assert.equal(proxies.cut(), undefined, 'it is cut already');
    await assert.rejects(asking, BROKEN);
    assert.deepEqual([proxies.counts, [...proxies.touched]], [{ lost: 0, cut: 1 }, [ORDER.orderId]]);
  });

  it('cut a TCP connection that has just carried bytes', async () => {
    await open('tcp');
    await ask('before');
    assert.equal(proxies.cut(), 'inventory');
    await eventually(() => assert.equal(Object.values(agent.freeSockets).flat().length, 0));
  });

  it('pass the last bytes of a server that then closes its connection', async () => {
    const sent = Buffer.alloc(3_000_000, 'z');
    const sender = net.createServer((socket) => void socket.end(sent));
    const senderPort = await freePort();
    sender.listen(senderPort, '127.0.0.1');
    await once(sender, 'listening');
    proxies = new Proxies(new Random(1));
    await proxies.open({ name: 'sender', kind: 'tcp', port, target: senderPort });
    const received = await buffer(net.connect({ port, host: '127.0.0.1' }));
    assert.equal(received.length, sent.length);
    sender.close();
  });
});
