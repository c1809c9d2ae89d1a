import assert from 'node:assert/strict';
import { ToolError } from '../../tools/command-line.ts';
import type { Row } from '../../tools/shop/invoice-line.ts';
import { readShopFile } from '../../tools/shop/csv-file.ts';
import { aFile, csvOf, gzipped } from './builders.ts';

async function read(file: string, encoding?: string): Promise<{ sha256: string; rows: Row[] }> {
  const rows: Row[] = [];
  const { sha256 } = await readShopFile(file, (row) => rows.push(row), { encoding });
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

  it('decodes what a byte order mark or the caller names', async () => {
    const text = csvOf({ Description: 'CAFÉ “№” €5' });
    const marked = `\uFEFF${text}`;
    const files = [
      [aFile(marked)],
      [aFile(gzipped(marked))],
      [aFile(Buffer.from(marked, 'utf16le'))],
      [aFile(Buffer.from(marked, 'utf16le').swap16())],
      [aFile(Buffer.from(text, 'utf16le')), 'utf-16le'],
      // The mark says more than the caller.
      [aFile(marked), 'windows-1252'],
    ] as const;
    for (const [file, encoding] of files) {
      const { rows } = await read(file, encoding);
      assert.deepEqual([rows[0]!.InvoiceNo, rows[0]!.Description], ['536365', 'CAFÉ “№” €5']);
    }
    const windows = Buffer.from(csvOf({ Description: 'CAF_ _5' }), 'latin1');
    windows[windows.indexOf('_')] = 0xc9;
    windows[windows.indexOf('_')] = 0x80;
    assert.equal((await read(aFile(windows), 'windows-1252')).rows[0]!.Description, 'CAFÉ €5');
  });

  it('names the line with invalid bytes, and replaces nothing', async () => {
    const lines = (count: number) => csvOf(...Array.from({ length: count }, () => ({}))).split('\r\n');
    for (const [count, end] of [
      [3, '\n'],
      [3, '\r\n'],
      [3, '\r'],
      // More than one chunk of the file.
      [5000, '\r\n'],
    ] as const) {
      const text = [...lines(count).slice(0, -1), 'ÉTÉ', ...lines(2)].join(end);
      await rejects(
        aFile(Buffer.from(text, 'latin1')),
        new RegExp(
          `csv, line ${count + 2}: not valid utf-8: save it as UTF-8, or name its encoding, for example --enc`,
        ),
      );
    }
    await rejects(aFile(Buffer.concat([Buffer.from(csvOf({})), Buffer.of(0xe2, 0x82)])), /line 3: not valid utf-8/);
    await rejects(aFile(Buffer.from(csvOf({}), 'utf16le')), /not UTF-8: if it is UTF-16, name the encoding with --enc/);
  });

  it('refuses an unknown encoding', async () => {
    await assert.rejects(read(aFile(csvOf({})), 'utf-9'), /ToolError: --encoding utf-9 is unknown; known are utf-8,/);
  });

  it('gives the same rows whatever ends the lines, separates the cells and precedes the header', async () => {
    const text = csvOf({}, { Description: 'A, B; C\tD', InvoiceNo: '2' });
    const { rows } = await read(aFile(text));
    for (const same of [
      text.replaceAll('\r\n', '\n'),
      text.replaceAll('\r\n', '\r'),
      text.replace('\r\n', '\n'),
      text.trimEnd(),
      `\r\n \r\n${text}\r\n\r\n`,
      text.replaceAll('","', '";"'),
      text.replaceAll('","', '"\t"'),
      text.replaceAll('\r\n', '\r\n,,,,,,,\r\n\r\n'),
      text.replace(/^.*/, (header) => header.toLowerCase()),
      text.replace(/^.*/, ' Invoice No ,"stock_code",DESCRIPTION,quantity,Invoice Date,unit price,Customer ID,COUNTRY'),
      text.replaceAll(/^"/gm, '"7","'),
    ]) {
      assert.deepEqual((await read(aFile(same))).rows, rows, JSON.stringify(same));
    }
  });

  it('gives each row its line', async () => {
    const text = `\r\n${csvOf({}, { Description: 'TWO\r\nLINES' }, {}, {})}`.replaceAll(
      '\r\n"536365"',
      '\r\n\r\n"536365"',
    );
    const places: unknown[] = [];
    await readShopFile(aFile(text), (_row, place) => places.push(place));
    assert.deepEqual(
      places,
      [4, 6, 9, 11].map((line) => ({ line, separator: ',' })),
    );
  });

  it('names the line after which a quote is never closed, without reading the rest into memory', async () => {
    const text = csvOf({}, { Description: 'OPEN' }).replaceAll('"', '').replace('OPEN', '"OPEN');
    await rejects(aFile(text), /csv, after line 2: a quote is opened and never closed$/);
    // The invalid byte at the end is never reached.
    await rejects(
      aFile(Buffer.concat([Buffer.from(text + `${'x'.repeat(80)}\n`.repeat(50_000)), Buffer.of(0xff)])),
      /after line 2: a quote is opened and never closed$/,
    );
  });

  it('names a line with another number of cells', async () => {
    await rejects(aFile(`${csvOf({})}one,two\r\n`), /csv, line 3: 2 cells, but the first line has 8$/);
  });

  it('names a column that is there twice', async () => {
    await rejects(aFile(csvOf({}).replaceAll(/^"/gm, '"Quantity","')), /its first line has the column Quantity twice$/);
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
    await rejects(aFile(Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 0])), /line 1: not valid utf-8/);
    for (const text of ['', '\uFEFF', '\n', csvOf()]) await rejects(aFile(text), /has no lines/);
  });

  it('rejects a truncated gzip file instead of reading a part of it', async () => {
    const packed = gzipped(csvOf(...Array.from({ length: 5000 }, (_, n) => ({ InvoiceNo: String(n * 7919) }))));
    await rejects(aFile(packed.subarray(0, packed.length / 2)), /damaged gzip/);
  });
});
