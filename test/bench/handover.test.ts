import assert from 'node:assert/strict';
import { untilHandedOver } from '../../bench/race/handover.ts';

const counting = (...counts: number[]) => {
  const left = [...counts];
  return async () => left.shift() ?? counts.at(-1)!;
};

describe('the hand-over after a load', () => {
  it('has ended when each confirmed order has its workflow', async () => {
    let asked = 0;
    const count = async () => (asked += 1);
    await untilHandedOver(3, count, { pollMs: 0 });
    assert.equal(asked, 3);
  });

  it('fails the run if an order has no workflow when the time is over', async () => {
    await assert.rejects(
      untilHandedOver(3, counting(2), { timeoutMs: 0 }),
      /after the load there are 2 workflows for 3 confirmed orders/,
    );
  });

  it('fails the run if there is a workflow without an order', async () => {
    await assert.rejects(untilHandedOver(3, counting(4), { timeoutMs: 0 }), /4 workflows for 3 confirmed orders/);
  });
});
