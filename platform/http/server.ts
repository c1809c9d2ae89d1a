import { type Server, STATUS_CODES, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type Koa from 'koa';
import { SettingError } from '../config.ts';
import { titleOf } from './problem.ts';

export interface Listening {
  url: string;
  port: number;
  /** Takes no new requests, lets those under way end (10 s at most), then closes. */
  close(): Promise<void>;
}

/** Below every load balancer's timeouts, above a slow client's: how long requests may take to finish at shutdown. */
const DRAIN_MS = 10_000;

export interface Timeouts {
  /** For a request's headers, and for all of it, in milliseconds. */
  headersMs: number;
  requestMs: number;
  /** For a word in either direction. */
  silentMs: number;
  /** How often it is looked who has used that up. */
  checkMs: number;
}

// Above the longest answer that is waited for on purpose, 30 s, and a stream's heartbeat. Who neither reads nor closes
// would keep a connection for ever, and what waits to be sent to them.
const SILENT_MS = 120_000;

/** A slow line sends its headers in a second; whoever takes longer holds a connection to hold it. */
const TIMEOUTS: Timeouts = { headersMs: 15_000, requestMs: 60_000, silentMs: SILENT_MS, checkMs: 5_000 };

export interface ListenOptions {
  port: number;
  host?: string;
  setting: string;
  timeouts?: Timeouts;
}

/** Serves `app` over HTTP. Fails with a SettingError that names `setting` where the port is taken. */
export async function listen(
  app: Koa,
  { port, host = '127.0.0.1', setting, timeouts = TIMEOUTS }: ListenOptions,
): Promise<Listening> {
  const server = createServer(
    {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      connectionsCheckingInterval: timeouts.checkMs,
      keepAliveTimeout: 65_000,
    },
    app.callback(),
  );
  server.timeout = timeouts.silentMs;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new SettingError(`port ${port} is already in use: set ${setting} to a free one, or stop what listens there`)
          : error,
      ),
    );
    server.listen(port, host, resolve);
  });
  server.on('clientError', refuse);
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${bound}`, port: bound, close: () => drain(server) };
}

/** What HTTP itself does not let through never reaches the app; it is answered in the same form all the same. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] = MALFORMED[error.code ?? ''] ?? [400, 'MalformedRequest', 'this is not HTTP'];
  const problem = { type: `/problems/${code}`, title: titleOf(code), status, detail, code };
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}

const MALFORMED: Readonly<Record<string, [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'HeadersTooLarge', 'the headers are larger than 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'RequestTimeout', 'the request took too long to arrive'],
};

/** A kept-alive connection is idle only once its answer is out, so idle ones are looked for again and again. */
function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    const cutOff = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearInterval(sweep);
      clearTimeout(cutOff);
      resolve();
    });
    server.closeIdleConnections();
  });
}
