import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { RecordRun, type RecordRunOptions } from '../../tools/record-run.ts';
import type { Row } from '../../tools/shop/invoice-line.ts';
import { type Shop, ShopBuilder } from '../../tools/shop/shop.ts';
import { scratchFolder } from '../stage/test-run.ts';

/** A usable line of a shop's file; a test states only the difference. */
const aRow = (different: Partial<Row> = {}): Row => ({
  InvoiceNo: '536365',
  StockCode: '85123A',
  Description: 'WHITE HANGING HEART',
  Quantity: '6',
  InvoiceDate: '2010-12-01 08:26',
  UnitPrice: '2.55',
  CustomerID: '17850',
  Country: 'United Kingdom',
  ...different,
});

export const aShop = (...rows: Partial<Row>[]): Shop => shopOf(rows);

export function shopOf(
  rows: readonly Partial<Row>[],
  { separator = ',', currency }: { separator?: string; currency?: string } = {},
): Shop {
  const builder = new ShopBuilder(currency);
  for (const [index, row] of rows.entries()) builder.add(aRow(row), { line: index + 2, separator });
  return builder.build('0123456789abcdef'.repeat(4));
}

export const csvOf = (...rows: Partial<Row>[]): string => {
  const quoted = (cells: readonly string[]) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',');
  const all = rows.map(aRow);
  return [quoted(Object.keys(aRow())), ...all.map((row) => quoted(Object.values(row)))].join('\r\n') + '\r\n';
};

let files = 0;

/** Writes a new file and returns its path. */
export function aFile(content: string | Buffer): string {
  const file = path.join(scratchFolder(), `shop-${++files}.csv`);
  writeFileSync(file, content);
  return file;
}

export const gzipped = (content: string): Buffer => gzipSync(content);

/** A run that nobody stops, on a platform that stays reachable. */
export const aRun = (different: Partial<RecordRunOptions> = {}): RecordRun =>
  new RecordRun({
    concurrency: 4,
    stop: new AbortController().signal,
    isReachable: async () => true,
    ...different,
  });
