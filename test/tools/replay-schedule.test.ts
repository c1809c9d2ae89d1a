import assert from 'node:assert/strict';
import { orderOf } from '../../tools/replay/order.ts';
import { scheduleOf } from '../../tools/replay/schedule.ts';
import { timesOf } from '../../tools/shop/invoice-time.ts';
import { aShop } from './builders.ts';

describe('the schedule of a replay', () => {
  const { invoices } = aShop(
    { InvoiceNo: '1', InvoiceDate: '2010-12-01 08:00' },
    { InvoiceNo: '2', InvoiceDate: '2010-12-01 08:01' },
  );

  it('keeps the invoices’ intervals, divided by the speed', async () => {
    const startedAt = performance.now();
    const schedule = scheduleOf(invoices, 300, new AbortController().signal);
    await schedule(invoices[0]!);
    await schedule(invoices[1]!);
    const waited = performance.now() - startedAt;
    // A timer may be a millisecond early.
    assert.ok(waited >= 195, `a minute at 300 times real time is 200 ms, not ${waited}`);
  });

  it('never waits without a speed', async () => {
    const centuries = aShop({ InvoiceNo: '1' }, { InvoiceNo: '2', InvoiceDate: '2310-12-01 08:00' }).invoices;
    const schedule = scheduleOf(centuries, undefined, new AbortController().signal);
    await schedule(centuries[0]!);
    await schedule(centuries[1]!);
  });

  it('ends a wait when the replay stops', async () => {
    const stop = new AbortController();
    const waiting = scheduleOf(invoices, 0.001, stop.signal)(invoices[1]!);
    stop.abort();
    await waiting;
  });

  it('rejects a file without times', () => {
    const undated = aShop({ InvoiceDate: 'yesterday' }).invoices;
    assert.throws(
      () => scheduleOf(undated, 1, new AbortController().signal),
      /^ToolError: invoice 536365 has no time that can be read: "yesterday"$/,
    );
  });
});

describe('the times of invoices', () => {
  const hours = (...dates: string[]) => {
    const { invoices } = aShop(...dates.map((InvoiceDate, n) => ({ InvoiceNo: String(n), InvoiceDate })));
    return [...timesOf(invoices).values()].map((time) => (time - Date.UTC(2010, 11, 1)) / 3_600_000);
  };

  it('are read in ISO 8601 and as spreadsheets write them', () => {
    assert.deepEqual(
      hours('2010-12-01 08:00', '2010-12-01T08:30:00', '2010-12-01T08:00:00+01:00', '01.12.2010 9:00'),
      [8, 8.5, 7, 9],
    );
  });

  it('have a day before or after the month, as the other dates of the file show', () => {
    assert.deepEqual(hours('12/1/2010 8:26:00', '12/13/2010 0:00').map(Math.floor), [8, 288]);
    assert.deepEqual(hours('1/12/2010 8:26', '13/12/2010 0:00').map(Math.floor), [8, 288]);
  });

  it('are refused when the day and the month cannot be told apart', () => {
    const message =
      /^ToolError: dates such as "12\/1\/2010 8:26" can be read in two ways: write them as 2010-12-31 23:59$/;
    assert.throws(() => hours('12/1/2010 8:26', '12/2/2010 8:26'), message);
    assert.throws(() => hours('12/1/2010 8:26', '12/13/2010 8:26', '13/12/2010 8:26'), message);
  });
});

describe('an invoice’s order', () => {
  it('is the same every time', () => {
    const [invoice] = aShop({}).invoices;
    assert.deepEqual(orderOf(invoice!, 'Customer 1'), orderOf(structuredClone(invoice!), 'Customer 1'));
  });
});
