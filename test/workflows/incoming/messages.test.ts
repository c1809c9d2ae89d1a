import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RecordMovement, shippingEvents } from '../../../activities/shipping.ts';
import { Mismatch, type Parser } from '../../../workflows/incoming/parsing.ts';
import { receivedGoods } from '../../../workflows/return/messages.ts';
import { changed, severalChanges, singleChanges } from './message-changes.ts';
import { MESSAGES } from './message-rows.ts';

const parsed = (parse: Parser<unknown>, given: unknown) => {
  try {
    return { success: true, data: parse(given, 'input') };
  } catch (error) {
    assert.ok(error instanceof Mismatch, String(error));
    return { success: false };
  }
};

/** As JSON: there a field that is undefined is absent. */
const json = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

describe('messages of workflows', () => {
  for (const [name, { parse, contract, example }] of Object.entries(MESSAGES)) {
    const sameAsContract = (given: unknown): boolean => {
      const { success, data } = contract.safeParse(given);
      const ours = parsed(parse, given);
      assert.deepEqual([ours.success, json(ours.data)], [success, json(data)], JSON.stringify(given));
      return success;
    };

    it(`${name}: is read as the contracts of the services read it`, () => {
      assert.equal(sameAsContract(example), true);
      const accepted = singleChanges(example).filter((one) => sameAsContract(changed(example, [one])));
      assert.ok(accepted.length > 0);
      fc.assert(
        fc.property(severalChanges, (changes) => {
          sameAsContract(changed(example, changes));
        }),
        { numRuns: 500 },
      );
    });
  }

  it('says where a message does not fit, and what is wanted there', () => {
    const given = { lines: [{ sku: 'tea', quantity: 1 }] };
    assert.throws(() => receivedGoods(given, 'input'), {
      message: 'input.lines[0].condition must be resellable or damaged',
    });
  });

  it('news of a parcel knows the movements that the carrier reports', () => {
    const moves = Object.keys(shippingEvents).map((type) => type.slice('shipment.'.length));
    for (const status of RecordMovement.shape.type.options) assert.ok(moves.includes(status));
  });
});
