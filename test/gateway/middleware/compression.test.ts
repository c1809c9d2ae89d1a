import assert from 'node:assert/strict';
import { type IncomingHttpHeaders, request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { productOf } from '../../stage/gateway-builders.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('compressed responses', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness({ corsOrigins: ['https://shop.example'] });
    const { products } = gateway.services.store;
    products.set('tea', productOf({ description: 'good for the afternoon '.repeat(100) }));
    products.set('cup', productOf({ sku: 'cup' }));
  });
  after(() => gateway.close());

  /** Returns the raw response: fetch would decompress it. */
  const get = (path: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      request(gateway.url + path, { headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      })
        .on('error', reject)
        .end();
    });
  const tea = '/v1/products/tea';

  it('have the encoding that the client prefers, and the same content', async () => {
    const plain = await get(tea);
    const brotli = await get(tea, { 'accept-encoding': 'gzip, br' });
    const gzip = await get(tea, { 'accept-encoding': 'gzip' });
    const none = await get(tea, { 'accept-encoding': 'br;q=0, gzip;q=0, zstd' });
    assert.deepEqual(
      [plain, brotli, gzip, none].map(({ headers }) => headers['content-encoding']),
      [undefined, 'br', 'gzip', undefined],
    );
    assert.deepEqual(brotliDecompressSync(brotli.body), plain.body);
    assert.deepEqual(gunzipSync(gzip.body), plain.body);
    assert.ok(brotli.body.length < plain.body.length / 5);
    for (const { headers } of [plain, brotli, gzip]) assert.match(headers.vary!, /accept-encoding/i);
  });

  it('are not used if the client accepts no encoding, not even none', async () => {
    for (const accepted of ['identity;q=0, *;q=0', '*;q=0', 'identity;q=0', 'identity;q=0, zstd']) {
      const { status, headers, body } = await get(tea, { 'accept-encoding': accepted });
      assert.deepEqual([status, headers['content-encoding']], [200, undefined], accepted);
      assert.equal((JSON.parse(body.toString()) as { sku: string }).sku, 'tea');
    }
  });

  it('are not used for small responses, or for other types than text', async () => {
    const all = { 'accept-encoding': 'br, gzip' };
    for (const path of ['/v1/products/cup', '/docs/favicon-32x32.png']) {
      assert.equal((await get(path, all)).headers['content-encoding'], undefined, path);
    }
    assert.equal((await get('/openapi.json', all)).headers['content-encoding'], 'br');
  });

  it('have different ETags, which all name the same version', async () => {
    const tagOf = async (encoding: string) => (await get(tea, { 'accept-encoding': encoding })).headers.etag!;
    const tags = [await tagOf('identity'), await tagOf('br'), await tagOf('gzip')];
    assert.equal(new Set(tags).size, 3);
    for (const tag of [...tags, `W/${tags[1]}`, `"other", ${tags[2]}`]) {
      const { status, headers, body } = await get(tea, { 'if-none-match': tag, 'accept-encoding': 'br' });
      assert.deepEqual([status, body.length, headers['content-encoding']], [304, 0, undefined], tag);
      assert.match(headers.vary!, /accept-encoding/i);
      assert.ok(tag.endsWith(headers.etag!));
    }
    assert.equal((await get(tea, { 'if-none-match': '"1-other-br"' })).status, 200);
    const change = { as: gateway.admin, body: { name: 'Green tea' }, headers: { 'if-match': tags[1]! } };
    assert.equal((await gateway.call('PATCH /v1/products/tea', change)).status, 200);
    assert.equal((await gateway.call('PATCH /v1/products/tea', change)).status, 412);
  });

  it('vary by origin too', async () => {
    const { headers } = await get(tea, { origin: 'https://shop.example', 'accept-encoding': 'br' });
    assert.match(headers.vary!, /origin/i);
    assert.match(headers.vary!, /accept-encoding/i);
  });
});
