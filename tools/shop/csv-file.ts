import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { ToolError } from '../command-line.ts';
import { COLUMNS, type Row } from './invoice-line.ts';

const GZIP = Buffer.from([0x1f, 0x8b]);

/**
 * Streams a shop's CSV file, plain or gzip (detected by its first bytes), and calls `take` for each row.
 * Returns the SHA-256 of the CSV, which is the same for a file and its gzip.
 */
export async function readShopFile(file: string, take: (row: Row) => void): Promise<{ sha256: string }> {
  const hash = createHash('sha256');
  const parser = parse({
    bom: true,
    columns: (names: string[]) => checkColumns(file, names),
    skip_empty_lines: true,
    relax_quotes: true,
  });
  let failure: unknown;
  const source = await openText(file);
  source.on('data', (chunk: Buffer) => hash.update(chunk));
  // If reading or unpacking fails, the parser only ends early; this keeps the reason.
  pipeline(source, parser, (error) => (failure ??= error));
  let rows = 0;
  try {
    for await (const row of parser) {
      take(row as Row);
      rows += 1;
    }
  } catch (error) {
    throw readableError(file, failure ?? error);
  }
  if (rows === 0) throw new ToolError(`${file} has no lines`);
  return { sha256: hash.digest('hex') };
}

async function openText(file: string): Promise<Readable> {
  try {
    await using handle = await open(file);
    const start = await handle.read({ buffer: Buffer.alloc(GZIP.length), position: 0 });
    const source = createReadStream(file);
    return start.buffer.equals(GZIP) ? pipeline(source, createGunzip(), () => undefined) : source;
  } catch (error) {
    throw readableError(file, error);
  }
}

function checkColumns(file: string, names: string[]): string[] {
  const trimmed = names.map((name) => name.trim());
  const missing = COLUMNS.filter((name) => !trimmed.includes(name));
  if (missing.length > 0) {
    throw new ToolError(`${file} is not a shop's CSV: the columns ${missing.join(', ')} are missing in its first line`);
  }
  return trimmed;
}

function readableError(file: string, error: unknown): unknown {
  if (error instanceof ToolError) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new ToolError(`${file} does not exist`);
  if (code === 'EISDIR') return new ToolError(`${file} is a folder`);
  if (code === 'EACCES') return new ToolError(`${file} cannot be read: permission denied`);
  if (error instanceof CsvError) return new ToolError(`${file} is not a shop's CSV: ${message.split('\n')[0]}`);
  if (code.startsWith('Z_')) return new ToolError(`${file} is a damaged gzip file: ${message}`);
  return error;
}
