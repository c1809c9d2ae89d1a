import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../../platform/database/cursor.ts';

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
});
