import assert from 'node:assert/strict';
import type { Asked, Told } from '../../../bench/race/faults/customers.ts';
import { type Wrong, findings } from '../../../bench/race/faults/findings.ts';
import { orderMix } from '../../../bench/race/faults/order-mix.ts';
import { NOTHING, type Standing } from '../../../bench/race/faults/standing.ts';

const { order } = orderMix('')();
const pieces = order.lines.reduce((sum, { quantity }) => sum + quantity, 0);
const held = order.total.amountMinor;

const ABSENT = NOTHING;
const CONFIRMED: Standing = {
  status: 'confirmed',
  decidedAt: 1,
  reserved: pieces,
  held,
  authorizations: 1,
  parcels: 1,
  heldInBooks: held,
  parcelsInBooks: 1,
};
const REJECTED: Standing = { ...ABSENT, status: 'rejected' };

/** What is wrong with an order whose customer was told this. */
function wrongs(told: Told, standing: Standing, { resumes = true, ...differs }: Differs = {}): readonly Wrong[] {
  const asked: Asked = { order, told, requests: 1, from: 0, until: 1, ...differs };
  const standings = { of: () => standing, orderIds: [order.orderId] };
  return findings([asked], standings, resumes).get(order.orderId) ?? [];
}
type Differs = { resumes?: boolean } & Partial<Asked>;

describe('what is wrong with an order after faults', () => {
  const fine: [string, Told, Standing][] = [
    ['confirmed, with all its effects', 'confirmed', CONFIRMED],
    ['rejected, with none', 'rejected', REJECTED],
    ['confirmed, and its customer left before', 'nothing', CONFIRMED],
    ['rejected, and its customer left before', 'nothing', REJECTED],
    ['undone after it was authorized', 'rejected', { ...REJECTED, authorizations: 1 }],
    ['unknown, and its customer was told nothing', 'nothing', ABSENT],
  ];
  for (const [name, told, standing] of fine) {
    it(`is nothing if it is ${name}`, () => assert.deepEqual(wrongs(told, standing), []));
  }

  it('is that it is lost if its customer was told that it is confirmed, and any part of it is missing', () => {
    const parts: Partial<Standing>[] = [
      { status: 'pending' },
      { status: undefined },
      { held: 0, heldInBooks: 0 },
      { reserved: 0 },
      { reserved: pieces - 1 },
      { parcels: 0, parcelsInBooks: 0 },
    ];
    for (const part of parts) {
      assert.ok(wrongs('confirmed', { ...CONFIRMED, ...part }).includes('lost'), JSON.stringify(part));
    }
    assert.ok(wrongs('confirmed', REJECTED).includes('lost'));
    assert.ok(wrongs('confirmed', ABSENT).includes('lost'));
  });

  it('is that it is doubled if more than ordered is held, reserved or booked', () => {
    const twice: Partial<Standing>[] = [
      { held: held * 2, heldInBooks: held * 2 },
      { authorizations: 2 },
      { reserved: pieces * 2 },
      { parcels: 2, parcelsInBooks: 2 },
    ];
    for (const more of twice) assert.deepEqual(wrongs('confirmed', { ...CONFIRMED, ...more }), ['doubled']);
  });

  it('is that something is left behind if the order is rejected and an effect remains', () => {
    const effects: Partial<Standing>[] = [
      { held, heldInBooks: held },
      { reserved: 1 },
      { parcels: 1, parcelsInBooks: 1 },
    ];
    for (const effect of effects) assert.deepEqual(wrongs('rejected', { ...REJECTED, ...effect }), ['left-behind']);
  });

  it('is that it is stuck if it is neither confirmed nor rejected', () => {
    assert.deepEqual(wrongs('nothing', { ...ABSENT, status: 'pending' }), ['stuck']);
    assert.deepEqual(wrongs('nothing', { ...ABSENT, held, heldInBooks: held }), ['left-behind', 'stuck']);
    assert.deepEqual(wrongs('nothing', { ...CONFIRMED, reserved: 0 }), ['stuck']);
  });

  it('is not that it is only recorded, at a system in which nothing goes on without the customer', () => {
    const pending = { ...ABSENT, status: 'pending' };
    assert.deepEqual(wrongs('nothing', pending, { resumes: false }), []);
    assert.deepEqual(wrongs('nothing', { ...pending, held, heldInBooks: held }, { resumes: false }), [
      'left-behind',
      'stuck',
    ]);
  });

  it('is that it was accepted if it had to be rejected', () => {
    assert.deepEqual(wrongs('confirmed', CONFIRMED, { refusal: 'CardDeclined' }), ['accepted']);
    assert.deepEqual(wrongs('rejected', REJECTED, { refusal: 'CardDeclined' }), []);
  });

  it('is that its customer was told the untruth if it is confirmed and they were told that it is rejected', () => {
    assert.deepEqual(wrongs('rejected', CONFIRMED), ['untrue']);
  });

  it('is that books are unequal if a service’s own differ from the processor’s or the carrier’s', () => {
    assert.deepEqual(wrongs('confirmed', { ...CONFIRMED, heldInBooks: 0 }), ['unequal']);
    assert.deepEqual(wrongs('rejected', { ...REJECTED, parcelsInBooks: 1 }), ['unequal']);
  });
});
