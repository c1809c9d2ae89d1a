import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { Proxies } from '../../../../bench/race/faults/proxies/proxies.ts';
import { Random } from '../../../../tools/random.ts';
import { eventually } from '../../../stage/eventually.ts';
import { freePort } from '../../../stage/free-ports.ts';

const ORDER = `order-${randomUUID()}`;
const ORDER_ID = ORDER.slice('order-'.length);
const UNARY = { ':method': 'POST', ':path': '/unary' };

interface Answer {
  body: string;
  trailers: http2.IncomingHttpHeaders;
}

describe('a proxy for HTTP/2', () => {
  let server: http2.Http2Server;
  let sessions: Set<http2.ServerHttp2Session>;
  let sockets: net.Socket[];
  let proxies: Proxies;
  let client: http2.ClientHttp2Session;
  let [port, target] = [0, 0];
  let done: string[];
  let serve: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => unknown;

  /** As gRPC answers: its status is in the trailers. */
  const unary = async (stream: http2.ServerHttp2Stream) => {
    done.push(await text(stream));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
    stream.end('done');
  };
  const listen = async () => {
    [sessions, sockets] = [new Set(), []];
    server = http2.createServer();
    server.on('connection', (socket: net.Socket) => sockets.push(socket));
    server.on('session', (session) => sessions.add(session));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      void serve(stream, headers);
    });
    server.listen(target, '127.0.0.1');
    await once(server, 'listening');
  };
  /** As when its process is killed. */
  const die = async () => {
    const closed = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const connect = () => {
    client = http2.connect(`http://127.0.0.1:${port}`);
    client.on('error', () => undefined);
  };
  beforeEach(async () => {
    [port, target] = [await freePort(), await freePort()];
    done = [];
    serve = unary;
    await listen();
    proxies = new Proxies(new Random(1));
    await proxies.open({ name: 'temporal', kind: 'http2', port, target });
    connect();
  });
  afterEach(async () => {
    client.destroy();
    await proxies.close();
    await die();
  });

  /** Rejects if the call is not answered, with the code with which it was reset. */
  async function ask(request: string, headers: http2.OutgoingHttpHeaders = UNARY): Promise<Answer> {
    const call = client.request(headers, { endStream: false });
    const answer: Answer = { body: '', trailers: {} };
    let isAnswered = false;
    call.on('response', () => (isAnswered = true));
    call.on('data', (chunk: Buffer) => (answer.body += chunk.toString()));
    call.on('trailers', ({ ...trailers }) => (answer.trailers = trailers));
    call.end(request);
    const code = await closed(call);
    if (code !== 0 || !isAnswered) throw new Error(`reset ${code}`);
    return answer;
  }
  const closed = (call: http2.ClientHttp2Stream): Promise<number> => {
    call.on('error', () => undefined);
    return new Promise((resolve) => call.once('close', () => resolve(call.rstCode)));
  };

  it('passes a call, its headers and its trailers', async () => {
    serve = (stream, headers) => {
      assert.equal(headers['x-name'], 'value');
      return unary(stream);
    };
    const { body, trailers } = await ask(ORDER, { ...UNARY, 'x-name': 'value' });
    assert.deepEqual([body, trailers['grpc-status'], trailers['grpc-message'], done], ['done', '0', 'fine', [ORDER]]);
  });

  it('passes an answer that is only headers, and large bodies', async () => {
    serve = (stream) => stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true });
    assert.equal((await ask(ORDER)).body, '');
    serve = (stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    };
    const large = 'x'.repeat(3_000_000);
    assert.equal((await ask(large)).body, large);
  });

  for (const share of [0, 1]) {
    it(`passes a conversation both ways, ${share === 0 ? 'with its end' : 'without its end when answers are lost'}`, async () => {
      proxies.loseAnswers(share);
      serve = (stream) => {
        stream.respond({ ':status': 200 });
        stream.on('data', (said: Buffer) => stream.write(`heard ${said.toString()}`));
        stream.on('end', () => stream.end('the end'));
      };
      const call = client.request(UNARY);
      const end = closed(call);
      for (const said of ['one', 'two']) {
        call.write(said);
        const [heard] = (await once(call, 'data')) as [Buffer];
        assert.equal(heard.toString(), `heard ${said}`);
      }
      let rest = '';
      call.on('data', (chunk: Buffer) => (rest += chunk.toString()));
      call.end();
      const code = await end;
      assert.deepEqual([rest, code], share === 0 ? ['the end', 0] : ['', http2.constants.NGHTTP2_INTERNAL_ERROR]);
      assert.equal(proxies.counts.lost, share);
    });
  }

  it('loses an answer after its effect, knows whose it was, and keeps the connection', async () => {
    proxies.loseAnswers(1);
    await assert.rejects(ask(ORDER), /reset 2/);
    assert.deepEqual([done, proxies.counts, [...proxies.touched]], [[ORDER], { lost: 1, cut: 0 }, [ORDER_ID]]);
    proxies.loseAnswers(0);
    assert.equal((await ask('next')).body, 'done');
    assert.equal(sessions.size, 1);
  });

  it('loses no answer to a GET request', async () => {
    proxies.loseAnswers(1);
    assert.equal((await ask('', { ...UNARY, ':method': 'GET' })).body, 'done');
  });

  it('passes on that a stream was reset, in both directions', async () => {
    serve = (stream) => stream.close(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
    await assert.rejects(ask(ORDER), /reset 11/);
    let cancelled!: Promise<number>;
    const served = new Promise<void>((resolve) => {
      serve = (stream) => {
        cancelled = new Promise((resolve) => stream.on('close', () => resolve(stream.rstCode)));
        resolve();
      };
    });
    const call = client.request(UNARY);
    call.on('error', () => undefined);
    await served;
    call.close(http2.constants.NGHTTP2_CANCEL);
    assert.equal(await cancelled, http2.constants.NGHTTP2_CANCEL);
  });

  it('has as many connections to the server as clients have to it', async () => {
    await ask('one');
    const first = client;
    connect();
    await ask('two');
    assert.equal(sessions.size, 2);
    first.destroy();
    await eventually(() => assert.equal([...sessions].filter(({ destroyed }) => !destroyed).length, 1));
  });

  it('shows that the server has died, is away, and is back', async () => {
    serve = () => void die();
    await assert.rejects(ask(ORDER), /reset/);
    await eventually(() => assert.ok(client.destroyed));
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');

    serve = unary;
    await listen();
    connect();
    assert.equal((await ask(ORDER)).body, 'done');
  });

  it('ends a client’s connection in an orderly way when the server does', async () => {
    await ask('one');
    let finish!: () => unknown;
    serve = (stream) => (finish = () => unary(stream));
    const asking = ask(ORDER);
    await eventually(() => assert.ok(finish));
    for (const session of sessions) session.close();
    await eventually(() => assert.ok(client.closed));
    finish();
    assert.equal((await asking).body, 'done');
    await eventually(() => assert.ok(client.destroyed));
  });

  it('cuts a connection with a stream under way, and no other', async () => {
    await ask('one');
    await eventually(() => assert.equal(proxies.cut(), undefined));
    let served!: () => void;
    const isServed = new Promise<void>((resolve) => (served = resolve));
    serve = (stream) => stream.once('data', () => served());
    const asking = ask(ORDER);
    await isServed;
    assert.equal(proxies.cut(), 'temporal');
    await assert.rejects(asking, /reset/);
    assert.deepEqual([proxies.counts, [...proxies.touched]], [{ lost: 0, cut: 1 }, [ORDER_ID]]);
  });
});
