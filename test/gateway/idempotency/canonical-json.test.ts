import assert from 'node:assert/strict';
import { canonicalJson } from '../../../gateway/idempotency/canonical-json.ts';

describe('canonicalJson', () => {
  it('is the same for another order of fields, at any depth', () => {
    const one = { b: [{ y: 1, x: null }], a: 'text' };
    const other = { a: 'text', b: [{ x: null, y: 1 }] };
    assert.equal(canonicalJson(one), canonicalJson(other));
    assert.equal(canonicalJson(one), '{"a":"text","b":[{"x":null,"y":1}]}');
  });

  it('differs if a value, a field or the order of a list differs', () => {
    const texts = [{ a: [1, 2] }, { a: [2, 1] }, { a: ['1', 2] }, { b: [1, 2] }, {}, undefined].map(canonicalJson);
    assert.equal(new Set(texts).size, texts.length);
  });
});
