import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Harness, startHarness } from './harness.ts';

/**
 * The published API as a reviewed file: a change of the API shows in review. When one is meant, write it anew with
 * `UPDATE_OPENAPI=1 npm run mocha -- test/gateway/openapi.test.ts`, and prettier after it.
 */
const SNAPSHOT = path.join(import.meta.dirname, 'openapi.snapshot.json');

interface Operation {
  operationId: string;
  security: unknown[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { required: boolean };
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
}

describe('the API description', () => {
  let gateway: Harness;
  let paths: Record<string, Record<string, Operation>>;
  before(async () => {
    gateway = await startHarness();
    const { text } = await gateway.call('GET /openapi.json');
    ({ paths } = JSON.parse(text) as { paths: typeof paths });
  });
  after(() => gateway.close());

  it('is the reviewed one', async () => {
    const { text } = await gateway.call('GET /openapi.json');
    const document: unknown = JSON.parse(text);
    if (process.env.UPDATE_OPENAPI) await writeFile(SNAPSHOT, `${JSON.stringify(document, null, 2)}\n`);
    assert.deepEqual(document, JSON.parse(await readFile(SNAPSHOT, 'utf8')));
  });

  it('has every row of the contract', () => {
    const rows = Object.entries(paths).flatMap(([template, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${template}`),
    );
    assert.deepEqual(rows.toSorted(), [
      'GET /.well-known/jwks.json',
      'GET /docs',
      'GET /docs/{part}',
      'GET /livez',
      'GET /openapi.json',
      'GET /readyz',
      'GET /v1/admin/interventions',
      'GET /v1/orders',
      'GET /v1/orders/{orderId}',
      'GET /v1/orders/{orderId}/history',
      'GET /v1/orders/{orderId}/returns',
      'GET /v1/products',
      'GET /v1/products/{sku}',
      'GET /v1/products/{sku}/stock',
      'GET /v1/users/me',
      'PATCH /v1/products/{sku}',
      'PATCH /v1/users/me',
      'POST /v1/admin/interventions/{interventionId}/resolve',
      'POST /v1/callbacks/carrier',
      'POST /v1/orders',
      'POST /v1/orders/{orderId}/cancel',
      'POST /v1/orders/{orderId}/returns',
      'POST /v1/products',
      'POST /v1/products/{sku}/stock-adjustments',
      'POST /v1/returns/{returnId}/receive',
      'POST /v1/sessions',
      'POST /v1/users',
    ]);
  });

  it('names headers, problems and who may call', () => {
    const place = paths['/v1/orders']!.post!;
    const headers = place.parameters!.filter((parameter) => parameter.in === 'header');
    assert.deepEqual(
      headers.map(({ name, required }) => [name, required ?? false]),
      [
        ['Idempotency-Key', true],
        ['Prefer', false],
      ],
    );
    assert.deepEqual(place.security, [{ bearer: [] }]);
    assert.ok(place.responses['428']!.content!['application/problem+json']);
    assert.match(place.responses['503']!.description, /TemporalUnavailable/);
    assert.deepEqual(paths['/v1/callbacks/carrier']!.post!.security, [{ carrier: [] }]);
    assert.equal(paths['/v1/orders/{orderId}/cancel']!.post!.requestBody!.required, false);
  });

  it('gives operations names of their own', () => {
    const names = Object.values(paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
    assert.equal(new Set(names).size, names.length);
  });

  it('is a page that needs nothing from elsewhere', async () => {
    const page = await gateway.call('GET /docs');
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type')!, /^text\/html/);
    const policy = page.headers.get('content-security-policy')!;
    assert.match(policy, /script-src 'self';/);
    assert.doesNotMatch(page.text, /https?:\/\/|<script>|onload=/);
    const parts = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address!);
    assert.equal(parts.length, 4);
    for (const part of parts) {
      const { status, headers, text } = await gateway.call(`GET ${part}`);
      assert.deepEqual([status, text.length > 0], [200, true], part);
      assert.match(headers.get('content-type')!, /^(text\/(css|javascript)|image\/png)/, part);
    }
  });
});
