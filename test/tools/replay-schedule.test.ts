import assert from 'node:assert/strict';
import { orderOf } from '../../tools/replay/order.ts';
import { scheduleOf } from '../../tools/replay/schedule.ts';
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
      /--speed needs the invoices' times, but invoice 536365 has none/,
    );
  });
});

describe('an invoice’s order', () => {
  it('is the same every time', () => {
    const [invoice] = aShop({}).invoices;
    assert.deepEqual(orderOf(invoice!, 'Customer 1'), orderOf(structuredClone(invoice!), 'Customer 1'));
  });
});
