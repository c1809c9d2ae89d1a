import type Koa from 'koa';
import compress from 'koa-compress';

// A response that fits one packet does not arrive sooner compressed.
const THRESHOLD_BYTES = 1024;
// Text, except streams of events: the compressor would hold events back until its buffer is full.
const TEXT = /json$|javascript$|^text\/(?!event-stream)/;

/**
 * Compresses larger responses with Brotli or gzip, as the client prefers.
 *
 * The BREACH attack does not apply: it makes a victim's browser repeat requests whose responses contain both a secret
 * and the attacker's input. Here requests need a bearer token, which no browser sends by itself, and no response
 * contains its caller's input next to a secret.
 */
export function compression(): Koa.Middleware[] {
  const compressText = compress({
    threshold: THRESHOLD_BYTES,
    filter: (type) => TEXT.test(type),
    br: {},
    gzip: {},
    deflate: false,
    zstd: false,
  }) as Koa.Middleware;
  return [
    tagEncoding,
    // Without any acceptable encoding, not even none, koa-compress fails. RFC 9110 section 12.5.3 lets a server send the
    // response as it is then.
    (ctx, next) => (ctx.acceptsEncodings('br', 'gzip', 'identity') === false ? next() : compressText(ctx, next)),
  ];
}

/** A strong ETag names one byte sequence, so each encoding needs its own (RFC 9110 section 8.8.3.3). */
async function tagEncoding(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  await next();
  const [encoding, tag] = [ctx.response.get('Content-Encoding'), ctx.response.get('ETag')];
  if (encoding && /^".*"$/.test(tag)) ctx.set('ETag', `${tag.slice(0, -1)}-${encoding}"`);
}
