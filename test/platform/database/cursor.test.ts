import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeCursor, decodeId, encodeCursor, sequenceOf } from '../../../platform/database/cursor.ts';

describe('cursors', () => {
  it('decode to the key they were made from, and are safe in a URL', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 }), (key) => {
        const cursor = encodeCursor(key);
        assert.match(cursor, /^[\w-]+$/);
        assert.deepEqual(decodeCursor(cursor, key.length), key);
      }),
    );
  });

  it('with a different length or with parts that are not text are refused', () => {
    const asCursor = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const cursor of [
      encodeCursor(['a']),
      encodeCursor(['a', 'b', 'c']),
      asCursor(['a', 1]),
      asCursor(['a', null]),
      asCursor({ length: 2, 0: 'a', 1: 'b' }),
      asCursor('ab'),
      asCursor(null),
    ]) {
      assert.throws(() => decodeCursor(cursor, 2), { code: 'BadCursor' }, cursor);
    }
  });

  it('made of arbitrary text are refused', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.throws(() => decodeCursor(text, 2), { code: 'BadCursor' });
      }),
    );
  });

  it('of an id are refused with anything else in them', () => {
    const id = '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c';
    assert.equal(decodeId(encodeCursor([id])), id);
    for (const part of ['', 'x', '-'.repeat(36), id.toUpperCase(), `{${id}}`, `${id} `, '\u0000']) {
      assert.throws(() => decodeId(encodeCursor([part])), { code: 'BadCursor' }, part);
    }
  });

  it('of a sequence number are refused with any other writing of it', () => {
    for (const number of [0, 7, 999_999_999_999_999]) assert.equal(sequenceOf(String(number)), number);
    for (const part of ['', ' 1', '01', '+1', '-1', '1.0', '1e3', '0x1', 'NaN', 'Infinity', '1000000000000000']) {
      assert.throws(() => sequenceOf(part), { code: 'BadCursor' }, part);
    }
  });
});
