import assert from 'node:assert/strict';
import { ToolError } from '../../tools/command-line.ts';
import type { Row } from '../../tools/shop/line.ts';
import { readShopFile } from '../../tools/shop/file.ts';
import { aFile, csvOf, gzipped } from './builders.ts';

async function read(file: string): Promise<{ sha256: string; rows: Row[] }> {
  const rows: Row[] = [];
  const { sha256 } = await readShopFile(file, (row) => rows.push(row));
  return { sha256, rows };
}

const complains = (file: string, words: RegExp) =>
  assert.rejects(read(file), (error) => {
    assert.ok(error instanceof ToolError, String(error));
    assert.match(error.message, words);
    assert.ok(!error.message.includes('\n'), 'one line');
    return true;
  });

describe('a shop’s file', () => {
  it('is read the same plain and gzipped, whatever its name', async () => {
    const text = csvOf({ Description: 'POPPY, "RED" £' }, { InvoiceNo: '2' });
    const [plain, packed] = [await read(aFile(text)), await read(aFile(gzipped(text)))];
    assert.deepEqual(packed, plain);
    assert.equal(plain.rows.length, 2);
    assert.equal(plain.rows[0]!.Description, 'POPPY, "RED" £');
  });

  it('may begin with a byte order mark', async () => {
    const { rows } = await read(aFile(`\uFEFF${csvOf({})}`));
    assert.equal(rows[0]!.InvoiceNo, '536365');
  });

  it('has a hash that follows its content', async () => {
    const [one, other] = [await read(aFile(csvOf({}))), await read(aFile(csvOf({ Quantity: '7' })))];
    assert.notEqual(one.sha256, other.sha256);
  });

  it('that is missing, or a folder, is named', async () => {
    await complains('/nowhere/at-all.csv', /no file \/nowhere\/at-all\.csv/);
    await complains('/', /is a folder/);
  });

  it('without a column is told which', async () => {
    await complains(aFile('InvoiceNo,StockCode,Description\n1,2,3\n'), /lacks Quantity, InvoiceDate, UnitPrice/);
  });

  it('that is something else is refused', async () => {
    await complains(aFile(Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 0])), /not a shop's CSV/);
    await complains(aFile(''), /has no lines/);
    await complains(aFile(`${csvOf({})}one,two\r\n`), /not a shop's CSV/);
  });

  it('cut off in its gzip is refused, not read in part', async () => {
    const packed = gzipped(csvOf(...Array.from({ length: 5000 }, (_, n) => ({ InvoiceNo: String(n * 7919) }))));
    await complains(aFile(packed.subarray(0, packed.length / 2)), /damaged gzip/);
  });
});
