import { type Hash, createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, type Info, parse } from 'csv-parse';
import { ToolError } from '../command-line.ts';
import { decodeText } from './decode-text.ts';
import { type Header, readHeader } from './header.ts';
import type { Row } from './invoice-line.ts';

const GZIP = Buffer.from([0x1f, 0x8b]);
// The longest usable line has a few hundred characters. An unclosed quote makes the rest of the file one record.
const LONGEST_RECORD_BYTES = 65_536;

/** Where a row is, and what its file is like. */
export interface Place {
  /** The row's first line; the file's first line is 1. */
  line: number;
  /** The character between cells. */
  separator: string;
}

/**
 * Streams a shop's CSV file, plain or gzip (detected by its first bytes), and calls `take` for each row.
 * Returns the SHA-256 of the CSV, which is the same for a file and its gzip.
 */
export async function readShopFile(
  file: string,
  take: (row: Row, place: Place) => void,
  { encoding }: { encoding?: string | undefined } = {},
): Promise<{ sha256: string }> {
  const hash = createHash('sha256');
  const at: Progress = { file, lastLine: 0, cells: 0 };
  let rows = 0;
  try {
    const text = decodeText(file, hashed(await openFile(file), hash), encoding);
    const header = await readHeader(file, text);
    Object.assign(at, { lastLine: header.lines, cells: header.columns.length });
    for await (const { record, info } of records(header, text)) {
      at.lastLine = info.lines;
      rows += 1;
      take(record, { line: info.lines - lineBreaksIn(record), separator: header.separator });
    }
  } catch (error) {
    throw readableError(at, error);
  }
  if (rows === 0) throw new ToolError(`${file} has no lines`);
  return { sha256: hash.digest('hex') };
}

async function* records({ columns, separator, lines, rest }: Header, text: AsyncIterable<string>) {
  const parser = parse({
    columns,
    delimiter: separator,
    record_delimiter: '\n',
    info: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
    relax_quotes: true,
    max_record_size: LONGEST_RECORD_BYTES,
  });
  async function* all() {
    // Empty lines in place of the header: the parser counts them.
    yield '\n'.repeat(lines) + rest;
    yield* text;
  }
  let failure: unknown;
  // If reading or unpacking fails, the parser only ends early; this keeps the reason.
  pipeline(all(), parser, (error) => (failure ??= error));
  try {
    yield* parser as AsyncIterable<{ record: Row; info: Info }>;
  } catch (error) {
    throw failure ?? error;
  }
}

const lineBreaksIn = (row: Row): number => Object.values(row).join('').split('\n').length - 1;

async function* hashed(source: Readable, hash: Hash): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk);
    yield chunk;
  }
}

async function openFile(file: string): Promise<Readable> {
  await using handle = await open(file);
  const start = await handle.read({ buffer: Buffer.alloc(GZIP.length), position: 0 });
  const source = createReadStream(file);
  return start.buffer.equals(GZIP) ? pipeline(source, createGunzip(), () => undefined) : source;
}

/** How far the file was read without an error. */
interface Progress {
  file: string;
  lastLine: number;
  /** Cells of its first line. */
  cells: number;
}

function readableError(at: Progress, error: unknown): unknown {
  const { file } = at;
  if (error instanceof ToolError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new ToolError(`${file} does not exist`);
  if (code === 'EISDIR') return new ToolError(`${file} is a folder`);
  if (code === 'EACCES') return new ToolError(`${file} cannot be read: permission denied`);
  if (error instanceof CsvError) return new ToolError(`${file}, ${describe(error, at)}`, { cause: error });
  if (code.startsWith('Z_')) return new ToolError(`${file} is a damaged gzip file: ${message}`);
  return error;
}

function describe(error: CsvError, { lastLine, cells }: Progress): string {
  const { code, lines, record } = error as CsvError & { lines?: number; record?: unknown[] };
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
    case 'CSV_MAX_RECORD_SIZE':
      return `after line ${lastLine}: a quote is opened and never closed`;
    case 'CSV_RECORD_INCONSISTENT_COLUMNS':
      return `line ${lines}: ${record?.length} cells, but the first line has ${cells}`;
    default:
      return `line ${lines}: ${error.message.split('\n')[0]}`;
  }
}
