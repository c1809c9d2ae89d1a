import assert from 'node:assert/strict';
import fc from 'fast-check';
import { idempotencyKey } from '../../tools/api/idempotency-key.ts';

describe('the idempotency key of a record', () => {
  it('leaves visible ASCII as it is', () => {
    assert.equal(idempotencyKey('invoice', '2010/536365-A'), 'invoice-2010/536365-A');
  });

  it('encodes other characters and the percent sign', () => {
    assert.equal(idempotencyKey('invoice', '№ 1%\n'), 'invoice-%E2%84%96%201%25%0A');
  });

  it('is short also for a long record', () => {
    const [one, other] = ['x', 'y'].map((end) => idempotencyKey('invoice', 'x'.repeat(300) + end));
    assert.match(one!, /^invoice-%sha256-[0-9a-f]{64}$/);
    assert.notEqual(one, other);
  });

  it('is one that the API accepts, with room for a suffix, and differs for different records', () => {
    const id = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({ unit: fc.constantFrom('%', '2', '5', ' ') }),
    );
    fc.assert(
      fc.property(id, id, (one, other) => {
        const [key, otherKey] = [idempotencyKey('return', one), idempotencyKey('return', other)];
        assert.match(`${key}-receive`, /^[\x21-\x7e]{1,255}$/);
        assert.equal(key === otherKey, one.toWellFormed() === other.toWellFormed());
      }),
    );
  });
});
