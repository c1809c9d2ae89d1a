import assert from 'node:assert/strict';
import { callerAddress, clientAddress, parseProxies } from '../../../gateway/rate-limits/client-address.ts';

const PROXIES = parseProxies(['10.0.0.0/8', '192.0.2.1', '2001:db8:aaaa::/48']);

describe('the address of a client', () => {
  const cases: Record<string, [peer: string, forwardedFor: string, client: string]> = {
    'is the peer’s if that is not one of our proxies': ['198.51.100.7', '203.0.113.5', '198.51.100.7'],
    'is the entry that our proxy added': ['10.1.2.3', '203.0.113.5', '203.0.113.5'],
    'is the entry that the first of our proxies added': ['10.1.2.3', '203.0.113.5, 192.0.2.1, 10.9.9.9', '203.0.113.5'],
    'is not an entry that the client forged': ['10.1.2.3', '127.0.0.1, 10.0.0.1, 203.0.113.5', '203.0.113.5'],
    'is our proxy’s if it added no entry': ['10.1.2.3', '', '10.1.2.3'],
    'is our proxy’s if its entry is invalid': ['10.1.2.3', '203.0.113.5, unknown', '10.1.2.3'],
    'is the last valid entry before an invalid one': ['10.1.2.3', 'a<script>, 10.4.4.4', '10.4.4.4'],
    'is the leftmost entry if all are our proxies': ['10.1.2.3', '10.5.5.5, 10.4.4.4', '10.5.5.5'],
    'may come with a port': ['10.1.2.3', '203.0.113.5:4711', '203.0.113.5'],
    'may be IPv6 with a port': ['10.1.2.3', '[2001:db8::5]:4711', '2001:db8::5'],
    'may be IPv4 in IPv6': ['::ffff:10.1.2.3', '::ffff:203.0.113.5', '203.0.113.5'],
    'is not parsed in ambiguous forms': ['10.1.2.3', '0x7f.1', '10.1.2.3'],
    'has no leading zeros': ['10.1.2.3', '010.0.0.1', '10.1.2.3'],
    'is reported by proxies with IPv6': ['2001:db8:aaaa:1::1', '203.0.113.5', '203.0.113.5'],
    'ignores empty entries': ['10.1.2.3', '203.0.113.5,,', '10.1.2.3'],
    'may be in a very long list': ['10.1.2.3', `${'10.0.0.1,'.repeat(2_000)}10.0.0.2`, '10.0.0.1'],
  };
  for (const [what, [peer, forwardedFor, client]] of Object.entries(cases)) {
    it(what, () => assert.equal(clientAddress(peer, forwardedFor, PROXIES), client));
  }

  it('counts as one caller with its whole IPv6 network', () => {
    assert.equal(callerAddress('203.0.113.5'), '203.0.113.5');
    assert.equal(callerAddress('::ffff:203.0.113.5'), '203.0.113.5');
    assert.equal(callerAddress('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
    assert.equal(callerAddress('fe80::1%eth0'), 'fe80::/64');
    assert.equal(callerAddress(''), 'unknown');
  });

  for (const wrong of ['10.0.0.0/33', 'proxy.example', '10.0.0.0/8/8', '10.0.0', '*']) {
    it(`cannot be behind the invalid proxy ${wrong}`, () => assert.throws(() => parseProxies([wrong])));
  }
});
