import { TextDecoder } from 'node:util';
import { ToolError } from '../command-line.ts';

/** Byte order marks (Unicode standard, section 23.8) and the encodings that they stand for. */
const MARKS: readonly [mark: Buffer, encoding: string][] = [
  [Buffer.of(0xef, 0xbb, 0xbf), 'utf-8'],
  [Buffer.of(0xff, 0xfe), 'utf-16le'],
  [Buffer.of(0xfe, 0xff), 'utf-16be'],
];
const LONGEST_MARK = 3;

/** The decoder for an encoding by any name of the WHATWG encoding standard, such as `windows-1252` or `latin1`. */
function decoderOf(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true });
  } catch (cause) {
    throw new ToolError(
      `--encoding ${encoding} is unknown; known are utf-8, utf-16le, utf-16be, windows-1252, iso-8859-15 and others of the WHATWG encoding standard`,
      { cause },
    );
  }
}

/**
 * Decodes a text chunk by chunk, with `\n` at the end of each line. A byte order mark decides the encoding; without one
 * it is `encoding`. Bytes that are invalid in it are never replaced: they are a `ToolError` that names their line.
 */
export async function* decodeText(
  file: string,
  bytes: AsyncIterable<Buffer>,
  encoding = 'utf-8',
): AsyncGenerator<string> {
  let decoder: StrictDecoder | undefined;
  let pending = Buffer.alloc(0);
  for await (const chunk of bytes) {
    pending = Buffer.concat([pending, chunk]);
    if (!decoder && pending.length < LONGEST_MARK) continue;
    decoder ??= new StrictDecoder(file, encodingOf(pending) ?? encoding);
    yield decoder.decode(pending);
    pending = Buffer.alloc(0);
  }
  decoder ??= new StrictDecoder(file, encodingOf(pending) ?? encoding);
  yield decoder.decode(pending);
  yield decoder.end();
}

const encodingOf = (start: Buffer): string | undefined =>
  MARKS.find(([mark]) => start.subarray(0, mark.length).equals(mark))?.[1];

/** Decodes chunks, unifies the ends of lines, and counts the lines. */
class StrictDecoder {
  readonly #file: string;
  readonly #decoder: TextDecoder;
  /** One chunk behind, to find the line of an invalid byte. */
  readonly #behind: TextDecoder;
  #lines = 1;
  /** The text so far ends with a carriage return, whose line feed may be in the next chunk. */
  #heldReturn = false;

  constructor(file: string, encoding: string) {
    this.#file = file;
    this.#decoder = decoderOf(encoding);
    this.#behind = decoderOf(encoding);
  }

  decode(chunk: Buffer): string {
    try {
      const text = this.#decoder.decode(chunk, { stream: true });
      this.#behind.decode(chunk, { stream: true });
      return this.#unified(text);
    } catch (cause) {
      this.#skipToInvalid(chunk);
      throw this.#invalid(cause);
    }
  }

  /** What is left at the end of the text: an incomplete character is invalid. */
  end(): string {
    try {
      return this.#decoder.decode() + (this.#heldReturn ? '\n' : '');
    } catch (cause) {
      throw this.#invalid(cause);
    }
  }

  #unified(text: string): string {
    const all = this.#heldReturn ? `\r${text}` : text;
    this.#heldReturn = all.endsWith('\r');
    const unified = (this.#heldReturn ? all.slice(0, -1) : all).replaceAll(/\r\n?/g, '\n');
    this.#lines += unified.split('\n').length - 1;
    return unified;
  }

  /** Counts the lines of the chunk up to its first invalid byte. */
  #skipToInvalid(chunk: Buffer): void {
    try {
      for (const byte of chunk) this.#unified(this.#behind.decode(Buffer.of(byte), { stream: true }));
    } catch {
      if (this.#heldReturn) this.#lines += 1;
    }
  }

  #invalid(cause: unknown): ToolError {
    const { encoding } = this.#decoder;
    const advice =
      encoding === 'utf-8'
        ? 'save it as UTF-8, or name its encoding, for example --encoding windows-1252'
        : 'name the encoding it has with --encoding';
    return new ToolError(`${this.#file}, line ${this.#lines}: not valid ${encoding}: ${advice}`, { cause });
  }
}
