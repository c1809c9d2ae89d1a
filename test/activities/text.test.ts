import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ShippingAddress } from '../../activities/address.ts';
import { storedText, text } from '../../activities/text.ts';
import { INVISIBLE } from '../stage/invisible-characters.ts';

describe('a text for people', () => {
  const name = text(20);
  const accepts = (given: string) => name.safeParse(given).success;

  for (const [what, character] of Object.entries(INVISIBLE)) {
    it(`must have more than ${what}`, () => {
      assert.equal(accepts(character), false);
      assert.equal(accepts(` ${character.repeat(3)} `), false);
      assert.equal(accepts(`${character}a`), true);
    });
  }

  it('is not made visible by any mixture of invisible characters', () => {
    const mixture = fc.string({ unit: fc.constantFrom(...Object.values(INVISIBLE)), maxLength: 10 });
    fc.assert(fc.property(mixture, (given) => !accepts(given)));
  });

  it('may be one character of any script, or a picture', () => {
    for (const visible of ['a', '1', '.', 'ß', 'ह', 'ி', 'ش', 'ש', '東', '한', 'ก', '☃', '🍵', '👩‍🚀', '☃️']) {
      assert.equal(accepts(visible), true, visible);
    }
  });

  it('loses white space around it, and keeps what joins its characters', () => {
    assert.equal(name.parse(' می‌خواهم '), 'می‌خواهم');
    assert.equal(name.parse('\n👩‍🚀\t'), '👩‍🚀');
  });

  it('is counted after white space around it is removed', () => {
    assert.equal(accepts(`  ${'x'.repeat(20)}  `), true);
    assert.equal(accepts('x'.repeat(21)), false);
  });

  it('that was stored before stays valid, as an address with it must still be read and shipped to', () => {
    assert.equal(storedText(20).safeParse('\u200b').success, true);
    assert.equal(storedText(20).safeParse(' \u3000').success, false);
    const address = { name: '\u3164', line1: '\u2800', city: '\u200b', postalCode: '\u2060', country: 'GB' };
    assert.deepEqual(ShippingAddress.parse(address), address);
  });
});
