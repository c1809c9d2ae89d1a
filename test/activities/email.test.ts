import assert from 'node:assert/strict';
import { z } from 'zod';
import { Email } from '../../activities/email.ts';

const LOCAL = 'l'.repeat(64);
const LABEL = 'h'.repeat(63);

/** Each with the address that it becomes. */
const VALID: Record<string, string> = {
  'ada@example.com': 'ada@example.com',
  'Ada.Lovelace@Example.COM': 'Ada.Lovelace@Example.COM',
  "o'hara+shop@example.com": "o'hara+shop@example.com",
  "!#$%&'*+-/=?^_`{|}~@example.com": "!#$%&'*+-/=?^_`{|}~@example.com",
  'a@3.b-c.example': 'a@3.b-c.example',
  'a@b.cd': 'a@b.cd',
  'a@x.photography': 'a@x.photography',
  [`${LOCAL}@${LABEL}.${LABEL}`]: `${LOCAL}@${LABEL}.${LABEL}`,
  'info@example.xn--p1ai': 'info@example.xn--p1ai',
  'info@XN--E1AFMKFD.xn--p1ai': 'info@XN--E1AFMKFD.xn--p1ai',
  'info@пример.рф': 'info@xn--e1afmkfd.xn--p1ai',
  'info@Пример.РФ': 'info@xn--e1afmkfd.xn--p1ai',
  'info@Bücher.example': 'info@xn--bcher-kva.example',
  'info@faß.de': 'info@xn--fa-hia.de',
  'info@例え.jp': 'info@xn--r8jz45g.jp',
  'info@例え。co.jp': 'info@xn--r8jz45g.co.jp',
  // A character without a width, as pasted from a web page.
  'a@b\u200b.example': 'a@b.example',
  'info@例.世': 'info@xn--fsq.xn--rhq',
  // The same character composed and decomposed.
  'info@b\u00fccher.example': 'info@xn--bcher-kva.example',
  'info@bu\u0308cher.example': 'info@xn--bcher-kva.example',
};

/** Refused by the pattern, so by everybody who checks against the schema. */
const INVALID = [
  '',
  'a',
  'a@b',
  '@b.example',
  'a@',
  'a@@b.example',
  'a@b@c.example',
  '.a@b.example',
  'a.@b.example',
  'a..b@c.example',
  'a b@c.example',
  ' a@b.example',
  'a@b.example\n',
  'a@b.example.',
  'a@.example',
  'a@b..example',
  'a@-b.example',
  'a@b-.example',
  'a@b_c.example',
  'a@b.e',
  'a@b.123',
  'a@1.2.3.4',
  'a@1.2.3.0x4',
  'a@[1.2.3.4]',
  'a@[IPv6:::1]',
  '"a b"@c.example',
  'a(comment)@b.example',
  '<a@b.example>',
  'Ada <a@b.example>',
  'a@b.example:25',
  'a@b%2ec.example',
  'a@b.example/c',
  '用户@例え.jp',
  `${LOCAL}l@example.com`,
  `a@${LABEL}h.example`,
];

/** Refused although they fit the pattern: a schema cannot express the tables of IDNA. */
const NOT_IN_IDNA = ['a@b\u3000c.example', 'a@\u2100.example', 'a@xn--a.ü\u0338.example', 'a@b\uffc1.example'];

describe('an e-mail address', () => {
  const { pattern, format } = z.toJSONSchema(Email);
  const published = new RegExp(pattern!, 'u');

  for (const [given, becomes] of Object.entries(VALID)) {
    it(`may be ${given}`, () => {
      assert.equal(Email.parse(given), becomes);
      assert.match(given, published);
      assert.equal(Email.parse(becomes), becomes, 'the services parse it again');
    });
  }

  for (const given of INVALID) {
    it(`may not be ${JSON.stringify(given)}`, () => {
      assert.equal(Email.safeParse(given).success, false);
      assert.doesNotMatch(given, published);
    });
  }

  for (const given of NOT_IN_IDNA) {
    it(`may not be ${JSON.stringify(given)}`, () => {
      assert.equal(Email.safeParse(given).success, false);
      assert.match(given, published);
    });
  }

  it('has at most 254 characters, in the ASCII form of its domain too', () => {
    const domain = (label: string) => `a@${`${label}.`.repeat(4)}example`;
    assert.equal(Email.safeParse(domain('h'.repeat(59))).success, true);
    assert.equal(Email.safeParse(domain(LABEL)).success, false);
    assert.ok(domain('ü'.repeat(30)).length < 254 && !Email.safeParse(`a@${'ü'.repeat(62)}.example`).success);
  });

  it('is checked in linear time', () => {
    const started = performance.now();
    for (const hostile of [`${'a.'.repeat(50_000)}@`, `a@${'a-'.repeat(50_000)}`, `a@${'a.'.repeat(50_000)}`]) {
      assert.equal(published.test(hostile), false);
    }
    assert.ok(performance.now() - started < 1_000);
  });

  it('has the format of RFC 6531 in the schema, because `email` has no domains beyond ASCII', () => {
    assert.equal(format, 'idn-email');
  });
});
