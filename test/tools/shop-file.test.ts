import assert from 'node:assert/strict';
import { ToolError } from '../../tools/command-line.ts';
import type { Row } from '../../tools/shop/invoice-line.ts';
import { readShopFile } from '../../tools/shop/csv-file.ts';
import { aFile, csvOf, gzipped } from './builders.ts';

async function read(file: string): Promise<{ sha256: string; rows: Row[] }> {
  const rows: Row[] = [];
  const { sha256 } = await readShopFile(file, (row) => rows.push(row));
  return { sha256, rows };
}

const rejects = (file: string, message: RegExp) =>
  assert.rejects(read(file), (error) => {
    assert.ok(error instanceof ToolError, String(error));
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'), 'one line');
    return true;
  });

describe('reading a shop’s file', () => {
  it('gives the same result for plain and gzip, whatever the file’s name', async () => {
    const text = csvOf({ Description: 'POPPY, "RED" £' }, { InvoiceNo: '2' });
    const [plain, packed] = [await read(aFile(text)), await read(aFile(gzipped(text)))];
    assert.deepEqual(packed, plain);
    assert.equal(plain.rows.length, 2);
    assert.equal(plain.rows[0]!.Description, 'POPPY, "RED" £');
  });

  it('accepts a byte order mark', async () => {
    const { rows } = await read(aFile(`\uFEFF${csvOf({})}`));
    assert.equal(rows[0]!.InvoiceNo, '536365');
  });

  it('returns a hash of the content', async () => {
    const [one, other] = [await read(aFile(csvOf({}))), await read(aFile(csvOf({ Quantity: '7' })))];
    assert.notEqual(one.sha256, other.sha256);
  });

  it('names a missing file and a folder', async () => {
    await rejects('/nowhere/at-all.csv', /^\/nowhere\/at-all\.csv does not exist$/);
    await rejects('/', /is a folder/);
  });

  it('names missing columns', async () => {
    await rejects(
      aFile('InvoiceNo,StockCode,Description\n1,2,3\n'),
      /columns Quantity, InvoiceDate, UnitPrice, CustomerID, Country are missing/,
    );
  });

  it('rejects other files', async () => {
    await rejects(aFile(Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 0])), /not a shop's CSV/);
    await rejects(aFile(''), /has no lines/);
    await rejects(aFile(`${csvOf({})}one,two\r\n`), /not a shop's CSV/);
  });

  it('rejects a truncated gzip file instead of reading a part of it', async () => {
    const packed = gzipped(csvOf(...Array.from({ length: 5000 }, (_, n) => ({ InvoiceNo: String(n * 7919) }))));
    await rejects(aFile(packed.subarray(0, packed.length / 2)), /damaged gzip/);
  });
});
