import assert from 'node:assert/strict';
import { ShippingAddress, WITHOUT_POSTAL_CODES } from '../../activities/address.ts';

describe('a shipping address', () => {
  const inCountry = (country: string, difference: object = {}) =>
    ShippingAddress.safeParse({ name: 'Ada', line1: '1 High St', city: 'City', country, ...difference });

  it('needs no postal code in a country that has none, and may have one there', () => {
    for (const country of ['HK', 'AE', 'QA', 'PA', 'JM', 'AO', 'ZW']) {
      assert.equal(inCountry(country).success, true, country);
      assert.equal(inCountry(country, { postalCode: '00000' }).success, true, country);
    }
  });

  it('needs one everywhere else', () => {
    for (const country of ['GB', 'DE', 'US', 'IE', 'JP', 'BR', 'SA', 'SG', 'TW', 'VA', 'GG', 'PR']) {
      assert.equal(inCountry(country, { postalCode: '10115' }).success, true, country);
      const { error } = inCountry(country);
      assert.deepEqual(
        error?.issues.map(({ path, message }) => [path, message]),
        [[['postalCode'], 'is required in this country']],
        country,
      );
    }
  });

  it('has no blank postal code anywhere', () => {
    for (const country of ['HK', 'GB']) {
      for (const postalCode of ['', ' ', null]) assert.equal(inCountry(country, { postalCode }).success, false);
    }
  });

  it('knows each country without postal codes once', () => {
    assert.deepEqual(WITHOUT_POSTAL_CODES, [...new Set(WITHOUT_POSTAL_CODES)].toSorted());
    assert.equal(WITHOUT_POSTAL_CODES.length, 70);
  });
});
