import assert from 'node:assert/strict';
import { startCarrier } from '../../sandbox/carrier.ts';
import { POSTAL_CODES } from '../../sandbox/carrier/postal-codes.ts';
import { startProcessor } from '../../sandbox/processor.ts';
import { PAYMENT_METHODS } from '../../sandbox/processor/payment-methods.ts';
import { quiet, scratch } from './requests.ts';

interface SandboxServer {
  url: string;
  close(): Promise<void>;
}

describe('the page of a sandbox server', () => {
  let processor: SandboxServer;
  let carrier: SandboxServer;
  before(async () => {
    processor = await startProcessor({ port: 0, folder: scratch(), logger: quiet });
    const callback = { url: 'http://127.0.0.1:9/', secret: 's'.repeat(32) };
    carrier = await startCarrier({ port: 0, folder: scratch(), callback, logger: quiet });
  });
  after(() => Promise.all([processor.close(), carrier.close()]));

  async function page({ url }: SandboxServer): Promise<string> {
    const response = await fetch(`${url}/`);
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(response.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
    return response.text();
  }
  /** What the page says of a code; undefined if it does not list it. */
  const said = (html: string, code: string): string | undefined =>
    new RegExp(`<td><code>${code}</code></td><td>([^<]+)</td>`).exec(html)?.[1];

  it('says of each payment method what the processor does', async () => {
    const html = await page(processor);
    for (const [name, { refuses, fault }] of PAYMENT_METHODS) {
      const text = said(html, name) ?? assert.fail(`${name} is not listed`);
      if (refuses) assert.ok(text.includes(refuses.code) && text.includes(refuses.action), text);
      if (fault && fault.actions.length === 1) assert.ok(text.startsWith(`every ${fault.actions[0]}: `), text);
    }
    assert.match(said(html, 'pm_sandbox_flaky')!, /503 the first 2 times/);
    assert.match(said(html, 'pm_sandbox_slow')!, /3 s/);
  });

  it('says of each postal code what the carrier does', async () => {
    const html = await page(carrier);
    for (const code of POSTAL_CODES.keys()) assert.ok(said(html, code), `${code} is not listed`);
    assert.match(said(html, '00000')!, /AddressUndeliverable/);
  });

  it('lists every endpoint, and commands that work', async () => {
    for (const [server, paths] of [
      [processor, ['/authorizations', '/captures', '/voids', '/refunds', '/ledger']],
      [carrier, ['/shipments', '/cancellations', '/shipments/:trackingNumber/advance', '/ledger']],
    ] as const) {
      const html = await page(server);
      for (const path of paths) assert.match(html, new RegExp(`<code>(GET|POST) ${path}</code>`));
      const ledger = /curl -sS '([^']*\/ledger)'/.exec(html)?.[1];
      const response = await fetch(ledger ?? assert.fail('no ledger'));
      assert.deepEqual(await response.json(), { items: [], next: null });
    }
    assert.match(await page(carrier), /curl -sS -X POST '[^']*\/shipments\/TRACKING-NUMBER\/advance'/);
    assert.match(await page(carrier), /TRACKING-NUMBER\/advance' .* -d '{&quot;to&quot;: &quot;delayed&quot;}'/);
  });

  it('shows an address as text, whatever the reader’s Host header is', async () => {
    const { request } = await import('node:http');
    const html = await new Promise<string>((resolve, reject) => {
      request(`${carrier.url}/`, { headers: { host: 'a"><script>alert(1)</script>' } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve(text));
      })
        .once('error', reject)
        .end();
    });
    assert.ok(!html.includes('<script'));
  });
});
