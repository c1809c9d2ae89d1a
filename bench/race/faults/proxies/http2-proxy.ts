import http2 from 'node:http2';
import type { Connection, Losses, Sockets } from './proxy.ts';

const { NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM, NGHTTP2_FLAG_END_STREAM } = http2.constants;

/** So much of each request is kept: it has the order's id near its begin. */
const KEPT_BYTES = 16_384;
/** An answer whose next bytes take longer than this is a conversation, whose parts its client needs to go on. */
const QUIET_MS = 50;
// Every stream of a client becomes one upstream: the limits are the server's.
const LIMITS = { peerMaxConcurrentStreams: 2 ** 31 - 1, maxSessionMemory: 100 };

/** One request and its answer. */
interface Exchange {
  stream: http2.ServerHttp2Stream;
  call: http2.ClientHttp2Stream;
}

/** Passes cleartext HTTP/2: gRPC, long polls, streams in both directions. An answer that is lost resets its stream only. */
export function serveHttp2({ client, upstream }: Sockets, losses: Losses): Connection {
  // Before the sessions' own listeners, which would first report each stream as cancelled.
  for (const [socket, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    for (const event of ['error', 'close']) socket.on(event, () => other.destroy());
  }
  const underWay = new Set<readonly Buffer[]>();
  const session = http2.performServerHandshake(client, LIMITS);
  const server = http2.connect('http://127.0.0.1', {
    createConnection: () => upstream,
    settings: { enablePush: false },
    ...LIMITS,
  });
  for (const one of [session, server]) one.on('error', () => undefined);
  server.on('goaway', () => session.close());
  session.on('stream', (stream, headers, flags) => {
    stream.on('error', () => undefined);
    const call = requested(server, headers, flags);
    // It has not reached the server, and its client may be told so.
    if (!call) return stream.close(NGHTTP2_REFUSED_STREAM);
    const request: Buffer[] = [];
    underWay.add(request);
    stream.on('close', () => underWay.delete(request));
    passRequest({ stream, call }, request);
    const isLost = headers[':method'] !== 'GET' && losses.loseNext();
    if (isLost) loseAnswer({ stream, call }, (answer) => losses.lost([...request, ...answer]));
    else passAnswer({ stream, call });
  });
  return { busy: () => underWay.size > 0, requests: () => [...underWay].flat() };
}

/** Undefined if the server takes no more streams on this connection. */
function requested(
  server: http2.ClientHttp2Session,
  headers: http2.IncomingHttpHeaders,
  flags: number,
): http2.ClientHttp2Stream | undefined {
  if (server.closed || server.destroyed) return undefined;
  return server.request(headers, { endStream: endsStream(flags) });
}

function passRequest({ stream, call }: Exchange, kept: Buffer[]): void {
  let bytes = 0;
  const keep = (chunk: Buffer) => {
    kept.push(chunk);
    bytes += chunk.length;
    if (bytes >= KEPT_BYTES) stream.off('data', keep);
  };
  stream.on('data', keep);
  if (call.writable) stream.pipe(call);
  call.on('error', () => undefined);
  stream.on('close', () => call.close(stream.rstCode));
  call.on('close', () => {
    if (call.rstCode !== NGHTTP2_NO_ERROR) stream.close(call.rstCode);
  });
}

function passAnswer(exchange: Exchange): void {
  const { stream, call } = exchange;
  call.on('response', (headers, flags) => {
    respond(exchange, headers, endsStream(flags));
    if (!endsStream(flags)) call.pipe(stream);
  });
}

/**
 * Reads the answer to its end without passing it on, and then resets the stream. The parts of a conversation are passed on
 * as soon as the server pauses, because its client answers them.
 */
function loseAnswer(exchange: Exchange, lost: (answer: readonly Buffer[]) => void): void {
  const { stream, call } = exchange;
  const answer: Buffer[] = [];
  const held: (() => void)[] = [];
  const quiet = setTimeout(() => held.splice(0).forEach((part) => part()), QUIET_MS);
  const hold = (part: () => void) => {
    held.push(part);
    quiet.refresh();
  };
  call.on('response', (headers, flags) => hold(() => respond(exchange, headers, endsStream(flags))));
  call.on('data', (chunk: Buffer) => {
    answer.push(chunk);
    hold(() => stream.writable && stream.write(chunk));
  });
  call.on('end', () => {
    if (call.rstCode !== NGHTTP2_NO_ERROR || stream.destroyed) return;
    lost(answer);
    // What a proxy says whose server went away in the middle of an answer; it does not promise that nothing was done.
    stream.close(NGHTTP2_INTERNAL_ERROR);
  });
  call.on('close', () => clearTimeout(quiet));
}

/** Trailers arrive before the end of the answer, which is passed on after them. */
function respond({ stream, call }: Exchange, headers: http2.IncomingHttpHeaders, isWhole: boolean): void {
  if (stream.destroyed) return;
  let trailers: http2.IncomingHttpHeaders = {};
  call.on('trailers', (received) => (trailers = received));
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.respond(headers, { endStream: isWhole, waitForTrailers: !isWhole });
}

const endsStream = (flags: number): boolean => (flags & NGHTTP2_FLAG_END_STREAM) !== 0;
