/** How long a message's body is: in bytes, by its own chunks, or as long as the connection. */
export type Body = number | 'chunked' | 'until closed';

const NOTHING = Buffer.alloc(0);

/** Finds where the messages of one direction of an HTTP/1.1 connection begin and end (RFC 9112). */
export class Framing {
  readonly #began: (head: string) => Body;
  readonly #ended: () => void;
  #at: 'head' | 'body' | 'chunk size' | 'chunk' | 'trailers' | 'until closed' = 'head';
  /** The begin of a head or of a line whose end has not arrived. */
  #partial: Buffer = NOTHING;
  /** Bytes until the end of the body or the chunk. */
  #left = 0;

  /** @param began called with a message's first line and its headers; returns the length of its body */
  constructor(began: (head: string) => Body, ended: () => void) {
    this.#began = began;
    this.#ended = ended;
  }

  /** The next bytes of the connection. */
  read(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0;) rest = this.#step(rest);
  }

  /** The connection has ended. */
  close(): void {
    if (this.#at === 'until closed') this.#end();
  }

  /** Returns the bytes that follow. */
  #step(bytes: Buffer): Buffer {
    switch (this.#at) {
      case 'head':
        return this.#readTo('\r\n\r\n', bytes, (head) => this.#begin(this.#began(head)));
      case 'chunk size':
        return this.#readTo('\r\n', bytes, (line) => this.#beginChunk(Number.parseInt(line, 16)));
      case 'trailers':
        return this.#readTo('\r\n', bytes, (line) => void (line === '' && this.#end()));
      case 'until closed':
        return NOTHING;
      default:
        return this.#skip(bytes);
    }
  }

  #begin(body: Body): void {
    if (typeof body === 'number') {
      this.#at = 'body';
      this.#left = body;
      if (body === 0) this.#end();
    } else this.#at = body === 'chunked' ? 'chunk size' : body;
  }

  #beginChunk(size: number): void {
    this.#at = size === 0 ? 'trailers' : 'chunk';
    // With the line's end that follows it.
    this.#left = size + 2;
  }

  #skip(bytes: Buffer): Buffer {
    const rest = bytes.subarray(this.#left);
    this.#left -= bytes.length - rest.length;
    if (this.#left > 0) return rest;
    if (this.#at === 'chunk') this.#at = 'chunk size';
    else this.#end();
    return rest;
  }

  #readTo(mark: string, bytes: Buffer, use: (text: string) => void): Buffer {
    const all = this.#partial.length > 0 ? Buffer.concat([this.#partial, bytes]) : bytes;
    const at = all.indexOf(mark);
    this.#partial = at < 0 ? all : NOTHING;
    if (at < 0) return NOTHING;
    use(all.toString('latin1', 0, at));
    return all.subarray(at + mark.length);
  }

  #end(): void {
    this.#at = 'head';
    this.#ended();
  }
}

export const bodyOfRequest = (head: string): Body => statedBody(head) ?? 0;

/** @param method of the request that is answered */
export function bodyOfAnswer(head: string, method: string | undefined): Body {
  const status = statusOf(head);
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  return statedBody(head) ?? 'until closed';
}

export const statusOf = (head: string): number => Number(head.slice(head.indexOf(' ') + 1, head.indexOf(' ') + 4));

function statedBody(head: string): Body | undefined {
  if (/^transfer-encoding:.*chunked/im.test(head)) return 'chunked';
  const length = /^content-length:\s*(?<bytes>\d+)/im.exec(head)?.groups!.bytes;
  return length === undefined ? undefined : Number(length);
}
