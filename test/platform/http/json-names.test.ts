import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasDuplicateOrInvalidName } from '../../../platform/http/json-names.ts';

describe('duplicate or invalid field names', () => {
  it('are found at any depth and in any notation', () => {
    for (const text of [
      '{"a":1,"a":2}',
      '{ "a" : 1 , "b":[], "a" : 2 }',
      '{"a":1,"\\u0061":2}',
      '[1,{"b":{"a":{},"c":"}","a":0}}]',
      '{"":1,"":2}',
      '{"\\"":1,"\\u0022":2}',
      '{"__proto__":1}',
      '{"a":[{"\\u005f_proto__":{}}]}',
      `${'['.repeat(5000)}{"a":1,"a":1}${']'.repeat(5000)}`,
    ]) {
      assert.ok(hasDuplicateOrInvalidName(text), text.slice(0, 80));
    }
  });

  it('are not reported in valid documents', () => {
    for (const text of [
      '{"a":{"a":1},"b":[{"a":1},{"a":1}]}',
      '{"a":"a","b":"\\"a\\":1,\\"a\\""}',
      '["a","a",{"a":["a","a"]}]',
      '{"a":"\\\\","b":"\\\\"}',
      '"a"',
      '1',
    ]) {
      assert.ok(!hasDuplicateOrInvalidName(text), text);
    }
  });

  it('are not reported in output of JSON.stringify, and are found when its first field is repeated', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { minKeys: 1 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__'));
        assert.ok(!hasDuplicateOrInvalidName(text));
        const [name] = Object.keys(value);
        assert.ok(hasDuplicateOrInvalidName(`${text.slice(0, -1)},${JSON.stringify(name)}:0}`));
      }),
    );
  });
});
