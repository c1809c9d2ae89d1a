import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isAmbiguous } from '../../../platform/http/json-names.ts';

describe('fields that two readers take for different ones', () => {
  it('are found wherever they are, however they are written', () => {
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
      assert.ok(isAmbiguous(text), text.slice(0, 80));
    }
  });

  it('are not seen where there are none', () => {
    for (const text of [
      '{"a":{"a":1},"b":[{"a":1},{"a":1}]}',
      '{"a":"a","b":"\\"a\\":1,\\"a\\""}',
      '["a","a",{"a":["a","a"]}]',
      '{"a":"\\\\","b":"\\\\"}',
      '"a"',
      '1',
    ]) {
      assert.ok(!isAmbiguous(text), text);
    }
  });

  it('are in no other text that JSON.stringify makes, and in each that has its first field again', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { minKeys: 1 }), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('__proto__'));
        assert.ok(!isAmbiguous(text));
        const [name] = Object.keys(value);
        assert.ok(isAmbiguous(`${text.slice(0, -1)},${JSON.stringify(name)}:0}`));
      }),
    );
  });
});
