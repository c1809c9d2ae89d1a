import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { Refusal } from '../../../platform/contract/refusal.ts';
import { type Resolve, isPublic } from '../../../services/webhook/public-addresses.ts';
import { type Sender, createSender } from '../../../services/webhook/sender.ts';
import { checkUrl } from '../../../services/webhook/urls.ts';
import { type Receiver, startReceiver } from '../../stage/webhook-receiver.ts';

const FORBIDDEN_ADDRESSES = [
  '127.0.0.1',
  '127.255.255.254',
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.0.1',
  '169.254.169.254',
  '168.63.129.16',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::7f00:1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  '2001:db8::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%lo',
  'fec0::1',
  'ff02::1',
  '100::1',
  '4000::1',
  'no address',
];

/** Notations and names of loopback and other forbidden addresses. */
const FORBIDDEN_HOSTS = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '017700000001',
  '0177.0.0.1',
  '0x7f000001',
  '0x7f.0.0.1',
  '0x7F.1',
  '127.0.0.1.',
  '0',
  '0.0.0.0',
  '1.0.0.127.in-addr.arpa',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '%31%32%37.0.0.1',
  '169.254.169.254',
  '0xa9fea9fe',
  '10.0.0.1',
  'localhost',
  'localhost.',
  'LOCALHOST',
  'sub.localhost',
  'mixed.example',
  'mapped.example',
  'nowhere.example',
];

const NAMES: Record<string, string[]> = {
  localhost: ['127.0.0.1', '::1'],
  'localhost.': ['127.0.0.1', '::1'],
  'sub.localhost': ['127.0.0.1'],
  '1.0.0.127.in-addr.arpa': ['127.0.0.1'],
  'mixed.example': ['93.184.216.34', '10.0.0.1'],
  'mapped.example': ['::ffff:127.0.0.1'],
  'public.example': ['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'],
};

const addresses = (texts: string[]): LookupAddress[] =>
  texts.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
const resolve: Resolve = async (hostname) => addresses(NAMES[hostname] ?? []);

describe('the hosts to which webhooks may be sent', () => {
  let receiver: Receiver;
  let sender: Sender | undefined;
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(async () => {
    await sender?.close();
    sender = undefined;
    await receiver.close();
  });

  const guarded = (names: Resolve = resolve) => {
    sender = createSender({ allowPrivate: false, resolve: names });
    return (url: string) => sender!.send(url, { headers: {}, body: '{}' });
  };
  const isRefused = (error: unknown) => error instanceof Refusal && error.code === 'UrlNotAllowed';

  it('have addresses on the public Internet', () => {
    for (const address of FORBIDDEN_ADDRESSES) assert.equal(isPublic(address), false, address);
    for (const address of ['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946']) {
      assert.equal(isPublic(address), true, address);
    }
  });

  for (const host of FORBIDDEN_HOSTS) {
    it(`do not include ${host}, neither when registering nor when sending`, async () => {
      const url = `https://${host}:${receiver.port}/hook`;
      await assert.rejects(checkUrl(url, { allowPrivate: false, resolve }), isRefused);
      const { status, error } = await guarded()(url);
      assert.equal(status, null);
      assert.match(error!, /not on the public Internet|cannot be found/);
      assert.equal(receiver.received.length, 0);
    });
  }

  for (const url of [
    'http://public.example/',
    'ftp://public.example/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'https://user:password@public.example/',
    'https://user@public.example/',
    'https://public.example/#fragment',
    'https://',
    '//public.example/',
    'public.example',
    'https://[::1',
    'https://1.2.3.4.5/',
    'https://256.1.1.1/',
  ]) {
    it(`do not include the one of ${url}`, async () => {
      await assert.rejects(checkUrl(url, { allowPrivate: false, resolve }), isRefused);
      assert.equal((await guarded()(url)).status, null);
    });
  }

  it('include a host name with public addresses', async () => {
    assert.equal(
      await checkUrl('https://public.example/hook?a=b', { allowPrivate: false, resolve }),
      'https://public.example/hook?a=b',
    );
  });

  it('do not include the address that a name has when it is looked up again', async () => {
    let lookups = 0;
    const rebinding: Resolve = async () => addresses([(lookups += 1) === 1 ? '93.184.216.34' : '127.0.0.1']);
    const url = `https://rebinding.example:${receiver.port}/hook`;
    await checkUrl(url, { allowPrivate: false, resolve: rebinding });
    const { status, error } = await guarded(rebinding)(url);
    assert.equal(status, null);
    assert.match(error!, /not on the public Internet/);
    assert.equal(lookups, 2, 'the address that was checked is the one to connect to');
    assert.equal(receiver.received.length, 0);
  });

  it('do not include the target of a redirect', async () => {
    const target = await startReceiver();
    try {
      sender = createSender({ allowPrivate: true, resolve });
      for (const status of [301, 302, 303, 307, 308]) {
        receiver.answer = (response) => response.writeHead(status, { location: target.url }).end();
        assert.equal((await sender.send(receiver.url, { headers: {}, body: '{}' })).status, status);
      }
      assert.equal(receiver.received.length, 5);
      assert.equal(target.received.length, 0);
    } finally {
      await target.close();
    }
  });

  it('include all hosts if the setting allows private addresses', async () => {
    const urlPolicy = { allowPrivate: true, resolve };
    assert.equal(await checkUrl(receiver.url, urlPolicy), receiver.url);
    sender = createSender(urlPolicy);
    assert.equal((await sender.send(receiver.url, { headers: {}, body: '{}' })).status, 204);
    await assert.rejects(checkUrl('http://user:password@127.0.0.1/', urlPolicy), isRefused);
  });
});
