import { type Server, STATUS_CODES, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type Koa from 'koa';
import { SettingError } from '../config.ts';
import { portInUse } from '../ports.ts';
import { titleOf } from './problem.ts';

export interface Listening {
  url: string;
  port: number;
  /** Accepts no new requests, lets running ones finish (at most 10 s), then closes. */
  close(): Promise<void>;
}

/** How long running requests may take to finish at shutdown: below common load balancer timeouts, above a slow client's needs. */
const DRAIN_MS = 10_000;

export interface Timeouts {
  /** For a request's headers, and for the whole request, in milliseconds. */
  headersMs: number;
  requestMs: number;
  /** Without traffic in either direction. */
  silentMs: number;
  /** How often the header and request timeouts are checked. */
  checkMs: number;
}

// Above the longest long poll, 30 s, and a stream's heartbeat. A client that neither reads nor closes would otherwise keep
// its connection, and the data queued for it, for ever.
const SILENT_MS = 120_000;

/** A slow line sends its headers within a second; a client that takes 15 s only wants to hold the connection. */
const TIMEOUTS: Timeouts = { headersMs: 15_000, requestMs: 60_000, silentMs: SILENT_MS, checkMs: 5_000 };

export interface ListenOptions {
  port: number;
  host?: string;
  setting: string;
  timeouts?: Timeouts;
}

/** Serves `app` over HTTP. Fails with a SettingError that names `setting` if the port is in use. */
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
      reject(error.code === 'EADDRINUSE' ? new SettingError(portInUse(port, setting)) : error),
    );
    server.listen(port, host, resolve);
  });
  server.on('clientError', refuse);
  const bound = (server.address() as AddressInfo).port;
  return { url: `http://127.0.0.1:${bound}`, port: bound, close: () => drain(server) };
}

/** Requests that Node's HTTP parser rejects never reach the app; they get a problem document too. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, detail] = MALFORMED[error.code ?? ''] ?? [
    400,
    'MalformedRequest',
    'this is not a valid HTTP request',
  ];
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
  HPE_HEADER_OVERFLOW: [431, 'HeadersTooLarge', 'the request headers are larger than 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'RequestTimeout', 'the request took too long to arrive'],
};

/** A kept-alive connection becomes idle only after its response is sent, so idle ones are closed repeatedly. */
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
