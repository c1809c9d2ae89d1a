import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { type RawBodyError, getRawBody } from 'raw-body';
import { Problem } from './problem.ts';

/** By content coding; `x-gzip` is another name of gzip (RFC 9110 section 8.4.1.3). */
const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createUnzip,
  'x-gzip': createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a request body as text. `limit` is in bytes, after decompression. Throws a problem with status 400, 413 or 415 for
 * an invalid body.
 */
export async function readBodyText(request: IncomingMessage, limit: number): Promise<string> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity';
  const compressed = encoding !== 'identity';
  const stream = compressed ? decompressed(request, encoding) : request;
  // Content-Length counts compressed bytes, so it can only be checked for an uncompressed body.
  const length = compressed ? null : (request.headers['content-length'] ?? null);
  try {
    return await read(stream, { limit, length });
  } catch (error) {
    // Discards the rest, so that the connection can serve the next request.
    request.unpipe().resume();
    throw error;
  }
}

function decompressed(request: IncomingMessage, encoding: string): Readable {
  const decoder = Object.hasOwn(DECODERS, encoding) ? DECODERS[encoding]?.() : undefined;
  if (!decoder) throw new Problem(415, 'UnsupportedMediaType', 'unsupported Content-Encoding: use gzip, deflate or br');
  // After the body is refused nothing else handles errors, and the connection can still break.
  decoder.on('error', () => undefined);
  // `pipe` does not forward errors.
  request.once('error', (error) => decoder.destroy(error));
  return request.pipe(decoder);
}

async function read(stream: Readable, bounds: { limit: number; length: string | null }): Promise<string> {
  const bytes = await getRawBody(stream, bounds).catch((cause: unknown) => {
    if ((cause as RawBodyError).type === 'entity.too.large') {
      throw new Problem(413, 'BodyTooLarge', `the request body is larger than ${bounds.limit} bytes`, { cause });
    }
    throw new Problem(400, 'InvalidRequest', 'the request body is incomplete or does not match its Content-Encoding', {
      cause,
    });
  });
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Problem(400, 'MalformedJson', 'the request body is not valid UTF-8', { cause });
  }
}
