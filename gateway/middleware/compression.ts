import type Koa from 'koa';
import compress from 'koa-compress';

// Below one packet's worth a compressed answer arrives no sooner.
const THRESHOLD_BYTES = 1024;
// Text that is sent at once. A stream of events is not: it would sit in the compressor until that is full.
const TEXT = /json$|javascript$|^text\/(?!event-stream)/;

/**
 * Compresses larger answers, with Brotli or gzip as the client prefers.
 *
 * What BREACH reads out of compressed answers it reads by making somebody's browser ask again and again with the
 * secret in the answer: our secrets come with a bearer token that no browser sends by itself, and no answer repeats
 * what its caller sent beside a secret.
 */
export function compression(): Koa.Middleware[] {
  const compressing = compress({
    threshold: THRESHOLD_BYTES,
    filter: (type) => TEXT.test(type),
    br: {},
    gzip: {},
    deflate: false,
    zstd: false,
  }) as Koa.Middleware;
  return [tagEncoding, compressing];
}

/** Two encodings are two byte sequences, and a strong tag stands for one: RFC 9110 section 8.8.3.3. */
async function tagEncoding(ctx: Koa.Context, next: Koa.Next): Promise<void> {
  await next();
  const [encoding, tag] = [ctx.response.get('Content-Encoding'), ctx.response.get('ETag')];
  if (encoding && /^".*"$/.test(tag)) ctx.set('ETag', `${tag.slice(0, -1)}-${encoding}"`);
}
