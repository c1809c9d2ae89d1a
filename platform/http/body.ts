import type { IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { createBrotliDecompress, createUnzip } from 'node:zlib';
import { type RawBodyError, getRawBody } from 'raw-body';
import { Problem } from './problem.ts';

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
};

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * A request's body as text, of at most `limit` bytes, unpacked ones where it came compressed. Throws the problem that
 * it is: 400, 413 or 415.
 */
export async function readText(request: IncomingMessage, limit: number): Promise<string> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  const packed = encoding !== 'identity';
  const stream = packed ? unpacked(request, encoding) : request;
  // How long it says it is can only be held against what came as it is.
  const length = packed ? null : (request.headers['content-length'] ?? null);
  try {
    return await read(stream, { limit, length });
  } catch (error) {
    // The rest goes by unread, so that what comes next on this connection is heard.
    request.unpipe().resume();
    throw error;
  }
}

function unpacked(request: IncomingMessage, encoding: string): Readable {
  const decoder = DECODERS[encoding]?.();
  if (!decoder) throw new Problem(415, 'UnsupportedMediaType', 'this Content-Encoding is not known here');
  // Once the body is refused nobody else listens, and the request can still break.
  decoder.on('error', () => undefined);
  // A pipe hands on what is read, and not that there will be no more.
  request.once('error', (error) => decoder.destroy(error));
  return request.pipe(decoder);
}

async function read(stream: Readable, bounds: { limit: number; length: string | null }): Promise<string> {
  const bytes = await getRawBody(stream, bounds).catch((cause: unknown) => {
    if ((cause as RawBodyError).type === 'entity.too.large') {
      throw new Problem(413, 'BodyTooLarge', `the body is larger than ${bounds.limit} bytes`, { cause });
    }
    throw new Problem(400, 'InvalidRequest', 'the body broke off or is not packed as it says', { cause });
  });
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new Problem(400, 'MalformedJson', 'the body is not UTF-8', { cause });
  }
}
