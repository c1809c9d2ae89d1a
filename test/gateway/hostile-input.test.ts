import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { orderBody } from '../stage/gateway-builders.ts';
import { type Harness, type Request, startHarness } from '../stage/test-gateway.ts';

describe('hostile input', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());
  afterEach(() => {
    assert.equal(gateway.services.store.drafts.size, 0, 'a draft was stored');
    assert.equal(gateway.temporal.started.size, 0, 'a workflow was started');
  });

  const place = (request: Request) =>
    gateway.call('POST /v1/orders', { as: gateway.customer, key: randomUUID(), ...request });
  const isRefused = async (request: Request, what: string, what4xx = /^4\d\d$/) => {
    const { status, headers, body, text } = await place(request);
    assert.match(String(status), what4xx, `${what}: ${text.slice(0, 300)}`);
    assert.match(headers.get('content-type')!, /^application\/problem\+json/, what);
    assert.match(body.code, /^[A-Z][A-Za-z]+$/, what);
    return body;
  };
  /** A valid order's JSON with one piece replaced. */
  const replaced = (piece: string, replacement: string): string => {
    const json = JSON.stringify(orderBody());
    assert.ok(json.includes(piece));
    return json.replace(piece, replacement);
  };

  it('in quantities is refused', async () => {
    for (const quantity of [
      '0',
      '-1',
      '-0',
      '1.5',
      '100001',
      '1e400',
      '-1e400',
      '9007199254740993',
      '"2"',
      'null',
      '[2]',
      '{}',
      'true',
      '1e5000',
    ]) {
      await isRefused({ raw: replaced('"quantity":2', `"quantity":${quantity}`) }, quantity, /^400$/);
    }
  });

  it('in the number of lines is refused', async () => {
    await isRefused({ body: orderBody({ lines: [] }) }, 'none', /^400$/);
    const lines = Array.from({ length: 2001 }, (_, index) => ({ sku: `s${index}`, quantity: 1 }));
    await isRefused({ body: orderBody({ lines }) }, '2,001', /^400$/);
  });

  it('in text is refused: NUL, control characters and lone surrogates', async () => {
    for (const character of ['\\u0000', '\\u0007', '\\u001b[31m', '\\n', '\\u007f', '\\u009b', '\\ud800', '\\udc00x']) {
      const body = await isRefused({ raw: replaced('1 High St', `1 ${character} St`) }, character, /^400$/);
      assert.equal(body.errors[0]!.pointer, '/shippingAddress/line1');
    }
  });

  it('does not include emoji, other scripts and line breaks in descriptions', async () => {
    const { status } = await gateway.call('PATCH /v1/products/tea', {
      as: gateway.admin,
      body: { name: 'Thé 🍵 茶', description: 'Two\nlines\tand a tab' },
    });
    assert.equal(status, 200);
    const control = await gateway.call('PATCH /v1/products/tea', {
      as: gateway.admin,
      body: { description: 'a\u0000' },
    });
    assert.equal(control.status, 400);
  });

  it('in field names is refused', async () => {
    for (const field of [
      '"__proto__":{"admin":true}',
      '"constructor":{"prototype":{}}',
      '"total":1',
      '"fromCart":true',
      '"":1',
    ]) {
      await isRefused({ raw: replaced('{"lines"', `{${field},"lines"`) }, field, /^400$/);
    }
    await isRefused({ raw: replaced('"quantity":2', '"quantity":2,"unitPrice":1') }, 'a price', /^400$/);
    assert.equal(({} as { admin?: unknown }).admin, undefined);
  });

  it('in form is refused: not JSON, not an object, deeply nested, truncated, empty or absent', async () => {
    const deep = 100_000;
    for (const raw of [
      '{',
      'null',
      '1',
      '"text"',
      '[]',
      '{}',
      ' ',
      '\u0000',
      '{"lines":NaN}',
      '[1',
      '{"a":1}}',
      '\ufeff{}',
    ]) {
      await isRefused({ raw }, raw, /^400$/);
    }
    await isRefused({ raw: '['.repeat(deep) + ']'.repeat(deep) }, 'arrays', /^400$/);
    await isRefused({ raw: '{"lines":'.repeat(deep / 4) + '1' + '}'.repeat(deep / 4) }, 'objects', /^400$/);
    await isRefused({ raw: replaced('[{"sku"', `[${'['.repeat(deep)}${']'.repeat(deep)},{"sku"`) }, 'inside', /^400$/);
    await isRefused({}, 'absent', /^400$/);
    await isRefused({ raw: new Uint8Array([0xff, 0xfe, 0x7b, 0x7d]) }, 'UTF-16', /^400$/);
  });

  it('in size and media type is refused: 413 and 415', async () => {
    const body = await isRefused({ raw: `"${'x'.repeat(600 * 1024)}"` }, 'large', /^413$/);
    assert.equal(body.code, 'BodyTooLarge');
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'multipart/form-data',
      'nonsense',
    ]) {
      await isRefused({ raw: '{}', headers: { 'content-type': type } }, type, /^415$/);
    }
    await isRefused({ raw: '{}', headers: { 'content-encoding': 'zstd' } }, 'zstd', /^415$/);
    await isRefused({ raw: 'no gzip', headers: { 'content-encoding': 'gzip' } }, 'not gzip', /^400$/);
  });

  it('in request targets is refused', async () => {
    for (const what of [
      'GET /v1/products/%00',
      'GET /v1/products/a%00b',
      'GET /v1/products/%ff',
      'GET /v1/products/%ed%a0%80',
      'GET /v1/products/%',
      'GET /v1/products/..%2f..%2fetc',
      'GET /v1/products/__proto__',
      `GET /v1/products/${'x'.repeat(5000)}`,
      'GET /v1/products?q=%00',
      'GET /v1/products?q=a&q=b',
      'GET /v1/products?__proto__=1',
      'GET /v1/products?limit=1.0',
      `GET /v1/products?q=${'x'.repeat(201)}`,
      'GET /v1/orders/%00',
      "GET /v1/orders/1'%20or%20'1'='1",
      'GET /docs/..%2f..%2fpackage.json',
      'GET /docs/__proto__',
      'GET /docs/constructor',
      'GET //v1/orders',
    ]) {
      const { status, headers } = await gateway.call(what, { as: gateway.customer });
      assert.match(String(status), /^40[04]$/, what);
      assert.match(headers.get('content-type')!, /^application\/problem\+json/, what);
    }
  });

  it('of any kind never causes a 5xx', async function () {
    this.timeout(60_000);
    const anything = fc.oneof(
      fc.json({ maxDepth: 6 }),
      fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.stringify({ ...orderBody(), lines: value })),
      fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.stringify({ ...orderBody(), shippingAddress: value })),
      fc
        .record({ sku: fc.string({ unit: 'binary' }), quantity: fc.oneof(fc.double(), fc.integer()) })
        .map((line) => JSON.stringify(orderBody({ lines: [line] }))),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (raw) => {
        await isRefused({ raw }, raw);
      }),
      { numRuns: 150 },
    );
  });
});
