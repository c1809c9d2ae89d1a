import assert from 'node:assert/strict';
import { z } from 'zod';
import { Time } from '../../activities/time.ts';

describe('a time from outside', () => {
  for (const [given, utc] of Object.entries({
    '2026-01-05T14:00:00Z': '2026-01-05T14:00:00.000Z',
    '2026-01-05T14:00:00+00:00': '2026-01-05T14:00:00.000Z',
    '2026-01-05T14:00:00-00:00': '2026-01-05T14:00:00.000Z',
    '2026-01-05T14:00:00+05:30': '2026-01-05T08:30:00.000Z',
    '2025-12-31T23:30:00.5-08:00': '2026-01-01T07:30:00.500Z',
    '2026-01-05T14:00:00.123456789Z': '2026-01-05T14:00:00.123Z',
    '2026-01-05t14:00:00z': '2026-01-05T14:00:00.000Z',
    '2028-02-29T00:00:00Z': '2028-02-29T00:00:00.000Z',
    '2016-12-31T23:59:60Z': '2017-01-01T00:00:00.000Z',
    '2016-12-31T18:59:60.25-05:00': '2017-01-01T00:00:00.250Z',
    '0001-01-01T00:00:00Z': '0001-01-01T00:00:00.000Z',
  })) {
    it(`may be ${given}, and is kept in UTC`, () => {
      assert.equal(Time.parse(given), utc);
      assert.equal(Time.parse(utc), utc, 'the services parse it again');
    });
  }

  for (const given of [
    '',
    'yesterday',
    '1767621600',
    '2026-01-05',
    '2026-01-05T14:00Z',
    '2026-01-05T14:00:00',
    '2026-01-05 14:00:00Z',
    '2026-01-05T14:00:00+0100',
    '2026-01-05T14:00:00+24:00',
    '2026-01-05T24:00:00Z',
    '2026-01-05T14:60:00Z',
    '2026-01-05T14:00:61Z',
    '2026-02-29T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '+012026-01-05T14:00:00Z',
  ]) {
    it(`may not be ${given}`, () => assert.equal(Time.safeParse(given).success, false));
  }

  it('has the format of RFC 3339 in the schema', () => {
    const { $schema: _, ...schema } = z.toJSONSchema(Time);
    assert.deepEqual(schema, { type: 'string', format: 'date-time' });
  });
});
