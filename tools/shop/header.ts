import { parse } from 'csv-parse/sync';
import { ToolError } from '../command-line.ts';
import { COLUMNS } from './invoice-line.ts';

type Column = (typeof COLUMNS)[number];

/** The first line of a shop's file. */
export interface Header {
  /** The columns in their order; false for one that is not used. */
  columns: (Column | false)[];
  separator: string;
  /** How many lines end with it: itself, and empty ones before it. */
  lines: number;
  /** Text that was read beyond it. */
  rest: string;
}

// Spreadsheets write semicolons where the comma is the decimal sign; databases often write tabs.
const SEPARATORS = [',', ';', '\t'] as const;
const COMPLETE = /^(?:\s*\n)?[^\n]*\S[^\n]*\n/;
const LONGEST = 65_536;

/** Reads the column names from the start of a text and finds out which character separates the cells. */
export async function readHeader(file: string, text: AsyncGenerator<string>): Promise<Header> {
  let start = '';
  while (!COMPLETE.test(start) && start.length < LONGEST) {
    const next = await text.next();
    if (next.done) break;
    start += next.value;
  }
  const [all, names = ''] = /^(?:\s*\n)?([^\n]*)\n?/.exec(start)!;
  if (names.trim() === '') throw new ToolError(`${file} has no lines`);
  if (names.includes('\0')) {
    throw new ToolError(
      `${file} is not UTF-8: if it is UTF-16, name the encoding with --encoding utf-16le or utf-16be`,
    );
  }
  const [best] = SEPARATORS.map((separator) => ({ separator, columns: columnsOf(names, separator) })).toSorted(
    (one, other) => known(other.columns).length - known(one.columns).length,
  );
  checkColumns(file, known(best!.columns));
  return { ...best!, lines: all.split('\n').length - 1, rest: start.slice(all.length) };
}

const known = (columns: readonly (Column | false)[]): Column[] => columns.filter((column) => column !== false);

function columnsOf(names: string, delimiter: string): (Column | false)[] {
  const [cells = []] = parse(names, { delimiter, relax_quotes: true });
  return cells.map((cell) => COLUMNS.find((column) => simplified(column) === simplified(cell)) ?? false);
}

/** `Invoice No` and `invoice_no` are also InvoiceNo. */
const simplified = (name: string): string => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

function checkColumns(file: string, columns: readonly Column[]): void {
  const missing = COLUMNS.filter((column) => !columns.includes(column));
  if (missing.length > 0) {
    throw new ToolError(`${file} is not a shop's CSV: the columns ${missing.join(', ')} are missing in its first line`);
  }
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice) throw new ToolError(`${file} is not a shop's CSV: its first line has the column ${twice} twice`);
}
