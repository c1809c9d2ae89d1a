import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { customersOf, customersWith } from '../../tools/shop/customer.ts';
import { scratchFolder } from '../stage/test-run.ts';

describe('customers', () => {
  const toCustomer = customersWith('a secret that nobody else knows at all');

  it('are derived from their id, the same every time', () => {
    assert.deepEqual(toCustomer('17850'), toCustomer('17850'));
    assert.equal(toCustomer('17850').email, 'customer-17850@import.example');
    assert.notEqual(toCustomer('17850').password, toCustomer('17851').password);
    assert.notEqual(customersWith('another secret').call(null, '17850').password, toCustomer('17850').password);
  });

  it('without an id share one account', () => {
    assert.equal(toCustomer(undefined).email, 'walk-in@import.example');
  });

  it('with ids that are invalid in an e-mail address have distinct valid addresses', () => {
    const emails = ['A 1', 'a 1', 'ÄÖ', 'a@b'].map((id) => toCustomer(id).email);
    assert.equal(new Set(emails.map((email) => email.toLowerCase())).size, 4);
    for (const email of emails) assert.match(email, /^[a-z0-9-]+@import\.example$/);
    assert.equal(toCustomer('17\u0000850').name, 'Customer 17\\u0000850');
  });

  it('have passwords derived from a secret that only its owner may read', () => {
    const folder = mkdtempSync(path.join(scratchFolder(), 'customers-'));
    const first = customersOf(folder)('1');
    const file = path.join(folder, 'import.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!readFileSync(file, 'utf8').includes(first.password));
    assert.deepEqual(customersOf(folder)('1'), first);
    writeFileSync(file, '{}');
    assert.throws(() => customersOf(folder), /import\.json is damaged/);
  });
});
