import assert from 'node:assert/strict';
import type { Asked } from '../../../bench/race/faults/customers.ts';
import { orderMix } from '../../../bench/race/faults/order-mix.ts';
import type { Settled } from '../../../bench/race/faults/settling.ts';
import { NOTHING } from '../../../bench/race/faults/standing.ts';
import { timesOf } from '../../../bench/race/faults/times.ts';

const STARTED_AT = 1_000_000;
const next = orderMix('');

const asked = (from: number, until: number, differs: Partial<Asked> = {}): Asked => ({
  order: next().order,
  told: 'confirmed',
  requests: 1,
  from,
  until,
  ...differs,
});

interface Given {
  endedAt?: number | undefined;
  stuck?: Asked;
  /** When the row of an order was decided, in milliseconds since the start of the load. */
  decided?: Map<Asked, number>;
  touched?: Asked[];
}

/** The times of these orders, with one strike from 6,000 to 8,000 ms. */
function times(orders: Asked[], { stuck, decided = new Map(), touched = [], ...given }: Given = {}) {
  const decidedAt = new Map([...decided].map(([{ order }, at]) => [order.orderId, STARTED_AT + at]));
  const settled: Settled = {
    wrong: new Map(stuck ? [[stuck.order.orderId, ['stuck']]] : []),
    standings: { of: (id) => ({ ...NOTHING, decidedAt: decidedAt.get(id) ?? null }), orderIds: [] },
    endedAt: 'endedAt' in given ? given.endedAt : 0,
  };
  const strikes = [{ hit: 'payment', from: 6_000, until: 8_000 }];
  const load = { asked: orders, strikes, startedAt: STARTED_AT, now: () => 0, faultsEndedAt: 8_000 };
  return timesOf(load, {
    settled,
    touched: new Set(touched.map(({ order }) => order.orderId)),
    warmUpMs: 5_000,
  });
}

describe('the times of a trial', () => {
  it('count as untouched what was confirmed while no fault struck, after the start', () => {
    const untouched = asked(8_500, 8_600);
    const early = asked(4_000, 5_900);
    const during = asked(7_000, 7_100);
    const across = asked(5_500, 9_000);
    const rejected = asked(8_500, 9_900, { told: 'rejected' });
    const { met, untouchedP99Ms } = times([untouched, early, during, across, rejected]);
    assert.deepEqual([met, untouchedP99Ms], [2, 100]);
    const hit = asked(9_000, 9_700);
    assert.deepEqual(times([untouched, hit], { touched: [hit] }), {
      ...times([untouched]),
      met: 1,
      longestUndecidedMs: 700,
    });
  });

  it('take an order as undecided until its customer had an answer, or its row was decided', () => {
    assert.equal(times([asked(5_500, 7_500)]).longestUndecidedMs, 2_000);
    const left = asked(6_500, 6_600, { told: 'nothing' });
    assert.equal(times([left], { decided: new Map([[left, 16_500]]) }).longestUndecidedMs, 10_000);
    // Nothing is recorded of it: it was never taken.
    assert.equal(times([left]).longestUndecidedMs, 0);
  });

  it('say nothing of how long an order was undecided if one remained so', () => {
    const stuck = asked(6_500, 6_600, { told: 'nothing' });
    assert.equal('longestUndecidedMs' in times([stuck], { stuck, endedAt: undefined }), false);
    assert.equal('decidedAfterMs' in times([stuck], { stuck, endedAt: undefined }), false);
  });

  it('count from the end of the last fault until what was placed before is decided', () => {
    const before = asked(7_900, 11_000);
    const after = asked(8_100, 20_000);
    assert.equal(times([before, after]).decidedAfterMs, 3_000);
    assert.equal(times([asked(7_000, 7_500)]).decidedAfterMs, 0);
    // Its effects took longer than its answer.
    assert.equal(times([before], { endedAt: 15_000 }).decidedAfterMs, 7_000);
  });
});
