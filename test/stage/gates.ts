import { once } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { frontendMessages } from './postgres-messages.ts';

/** A call on its way from a process to a server. */
export interface Call {
  /** The path of an HTTP or gRPC request, or the text of an SQL statement. */
  name: string;
  /** Its body, or the statement's parameters. */
  content: string;
}

/**
 * Asked about each call twice: before it is passed on, and when its response has arrived, before that is passed back. The
 * call waits for the promise. It is passed on also if its caller has died meanwhile, as a network may do.
 */
export type Gate = (when: 'before' | 'after', call: Call) => Promise<void> | void;

/** A proxy in front of one server. */
export interface GateServer {
  port: number;
  close(): Promise<void>;
}

/** In front of a service's HTTP API at `target`, a URL. */
export function gateHttp(target: string, gate: Gate): Promise<GateServer> {
  const pass = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const call = { name: request.url!, content: await contentOf(request) };
    await gate('before', call);
    const { host: _host, connection: _connection, ...headers } = request.headers;
    const passed = http.request(new URL(call.name, target), { method: request.method!, headers, agent: false });
    passed.end(call.content, 'latin1');
    const [answer] = (await once(passed, 'response')) as [http.IncomingMessage];
    const content = await contentOf(answer);
    await gate('after', call);
    response.writeHead(answer.statusCode!, { 'content-type': answer.headers['content-type'] ?? '' });
    response.end(content, 'latin1');
  };
  const server = http.createServer((request, response) => {
    pass(request, response).catch(() => response.destroy());
  });
  return listening(server, () => server.closeAllConnections());
}

/** In front of a Temporal server at `target`, host:port, without TLS. All of its calls are unary. */
export async function gateTemporal(target: string, gate: Gate): Promise<GateServer> {
  const upstream = http2.connect(`http://${target}`);
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    passGrpc(stream, headers, { upstream, gate }).catch(() => stream.close());
  });
  return listening(server, () => {
    for (const session of sessions) session.destroy();
    upstream.destroy();
  });
}

async function passGrpc(
  stream: http2.ServerHttp2Stream,
  headers: http2.IncomingHttpHeaders,
  { upstream, gate }: { upstream: http2.ClientHttp2Session; gate: Gate },
): Promise<void> {
  const call = { name: headers[':path']!, content: await contentOf(stream) };
  await gate('before', call);
  const passed = upstream.request({ ...headers, ':scheme': 'http' });
  let trailers: http2.IncomingHttpHeaders | undefined;
  passed.on('trailers', (received) => (trailers = received));
  passed.end(call.content, 'latin1');
  const [response] = (await once(passed, 'response')) as [http2.IncomingHttpHeaders];
  const content = await contentOf(passed);
  await gate('after', call);
  if (stream.destroyed) return;
  // A call that fails at once has its status in its headers.
  stream.respond(response, { endStream: !trailers, waitForTrailers: !!trailers });
  if (!trailers) return;
  stream.on('wantTrailers', () => stream.sendTrailers(trailers!));
  stream.end(content, 'latin1');
}

/** In front of PostgreSQL on this machine. Only statements with parameters are asked about. */
export function gatePostgres(targetPort: number, gate: Gate): Promise<GateServer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    passStatements(client, upstream, gate).catch(() => [client, upstream].forEach((socket) => socket.destroy()));
  });
  return listening(server, () => sockets.forEach((socket) => socket.destroy()));
}

/** The server's last message of a response: it waits for the next statement, outside of a transaction. */
const READY = Buffer.from('5a0000000549', 'hex');

async function passStatements(client: net.Socket, upstream: net.Socket, gate: Gate): Promise<void> {
  let asked: Call | undefined;
  const back = async () => {
    for await (const chunk of upstream as AsyncIterable<Buffer>) {
      if (asked && chunk.subarray(-READY.length).equals(READY)) {
        const answered = asked;
        asked = undefined;
        await gate('after', answered);
      }
      if (client.writable) client.write(chunk);
    }
    client.end();
  };
  const there = async () => {
    for await (const { bytes, statement } of frontendMessages(client)) {
      if (statement) {
        await gate('before', statement);
        asked = statement;
      }
      upstream.write(bytes);
    }
    upstream.end();
  };
  await Promise.all([back(), there()]);
}

const contentOf = async (stream: Readable): Promise<string> => (await buffer(stream)).toString('latin1');

async function listening(server: net.Server, endConnections: () => void): Promise<GateServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      endConnections();
      await closed;
    },
  };
}
