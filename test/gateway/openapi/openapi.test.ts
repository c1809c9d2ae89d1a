import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WITHOUT_POSTAL_CODES } from '../../../activities/address.ts';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

/**
 * The published API as a reviewed file, so that every change of the API shows in review. After an intended change run
 * `UPDATE_OPENAPI=1 npx mocha test/gateway/openapi/openapi.test.ts`, then prettier.
 */
const SNAPSHOT = path.join(import.meta.dirname, 'openapi.snapshot.json');

// Schemas whose examples are part of others.
const WITHOUT_EXAMPLES = new Set(['ListedSession', 'OAuthError', 'Problem', 'ShippingAddress']);

interface Schema {
  type?: string;
  $ref?: string;
  examples?: unknown[];
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, Schema>;
    responses: Record<
      string,
      { content: Record<string, { schema: { properties: unknown }; example: { type: string } }> }
    >;
  };
}

interface Operation {
  operationId: string;
  security: unknown[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { $ref?: string; description: string; content?: Record<string, unknown> }>;
}

describe('the OpenAPI document', () => {
  let gateway: Harness;
  let document: Document;
  let paths: Document['paths'];
  const resolved = (schema: Schema): Schema =>
    schema.$ref ? document.components.schemas[schema.$ref.split('/').at(-1)!]! : schema;
  before(async () => {
    gateway = await startHarness();
    const { text } = await gateway.call('GET /openapi.json');
    document = JSON.parse(text) as Document;
    ({ paths } = document);
  });
  after(() => gateway.close());

  it('equals the reviewed file', async () => {
    const { text } = await gateway.call('GET /openapi.json');
    const published: unknown = JSON.parse(text);
    if (process.env.UPDATE_OPENAPI) await writeFile(SNAPSHOT, `${JSON.stringify(published, null, 2)}\n`);
    assert.deepEqual(published, JSON.parse(await readFile(SNAPSHOT, 'utf8')));
  });

  it('has every operation', () => {
    const rows = Object.entries(paths).flatMap(([template, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${template}`),
    );
    assert.deepEqual(rows.toSorted(), [
      'DELETE /v1/admin/clients/{clientId}',
      'DELETE /v1/cart',
      'DELETE /v1/cart/lines/{sku}',
      'DELETE /v1/sessions/current',
      'DELETE /v1/sessions/{sessionId}',
      'DELETE /v1/users/me/payment-methods/{paymentMethodId}',
      'DELETE /v1/webhook-endpoints/{endpointId}',
      'GET /.well-known/jwks.json',
      'GET /docs',
      'GET /docs/{part}',
      'GET /livez',
      'GET /openapi.json',
      'GET /problems',
      'GET /problems/{code}',
      'GET /readyz',
      'GET /v1/admin/audit',
      'GET /v1/admin/clients',
      'GET /v1/admin/dead-letters',
      'GET /v1/admin/interventions',
      'GET /v1/admin/interventions/{interventionId}',
      'GET /v1/admin/mailbox',
      'GET /v1/admin/orders',
      'GET /v1/admin/orders.csv',
      'GET /v1/admin/orders/{orderId}/notes',
      'GET /v1/admin/orders/{orderId}/refunds',
      'GET /v1/admin/parcels',
      'GET /v1/admin/reports/sales',
      'GET /v1/admin/services',
      'GET /v1/admin/stock',
      'GET /v1/admin/users',
      'GET /v1/admin/users/{userId}',
      'GET /v1/cart',
      'GET /v1/dashboard',
      'GET /v1/orders',
      'GET /v1/orders/{orderId}',
      'GET /v1/orders/{orderId}/events',
      'GET /v1/orders/{orderId}/history',
      'GET /v1/orders/{orderId}/returns',
      'GET /v1/products',
      'GET /v1/products/{sku}',
      'GET /v1/products/{sku}/recommendations',
      'GET /v1/products/{sku}/stock',
      'GET /v1/recommendations',
      'GET /v1/sessions',
      'GET /v1/users/me',
      'GET /v1/users/me/payment-methods',
      'GET /v1/webhook-endpoints',
      'GET /v1/webhook-endpoints/{endpointId}',
      'GET /v1/webhook-endpoints/{endpointId}/deliveries',
      'PATCH /v1/admin/users/{userId}',
      'PATCH /v1/orders/{orderId}',
      'PATCH /v1/products/{sku}',
      'PATCH /v1/users/me',
      'POST /v1/admin/clients',
      'POST /v1/admin/clients/{clientId}/secret',
      'POST /v1/admin/dead-letters/{deadLetterId}/resolve',
      'POST /v1/admin/interventions/{interventionId}/resolve',
      'POST /v1/admin/orders/{orderId}/mails/{kind}/resend',
      'POST /v1/admin/orders/{orderId}/notes',
      'POST /v1/admin/orders/{orderId}/parcels',
      'POST /v1/admin/orders/{orderId}/refunds',
      'POST /v1/admin/parcels/{parcelId}/resolve',
      'POST /v1/callbacks/carrier',
      'POST /v1/callbacks/processor',
      'POST /v1/callbacks/stripe',
      'POST /v1/email-verifications',
      'POST /v1/email-verifications/{token}',
      'POST /v1/guests',
      'POST /v1/guests/{token}',
      'POST /v1/oauth/token',
      'POST /v1/orders',
      'POST /v1/orders/{orderId}/cancel',
      'POST /v1/orders/{orderId}/payment-method',
      'POST /v1/orders/{orderId}/returns',
      'POST /v1/password-resets',
      'POST /v1/password-resets/{token}',
      'POST /v1/products',
      'POST /v1/products/{sku}/stock-adjustments',
      'POST /v1/returns/{returnId}/receive',
      'POST /v1/sessions',
      'POST /v1/sessions/refresh',
      'POST /v1/users',
      'POST /v1/webhook-endpoints',
      'POST /v1/webhook-endpoints/{endpointId}/deliveries/{deliveryId}/redeliver',
      'POST /v1/webhook-endpoints/{endpointId}/secret',
      'PUT /v1/cart/lines/{sku}',
      'PUT /v1/users/me/password',
    ]);
  });

  it('describes headers, problems and security', () => {
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
    assert.match(place.responses['428']!.$ref!, /IdempotencyKeyRequired$/);
    assert.match(place.responses['503']!.$ref!, /TemporalUnavailable$/);
    assert.deepEqual(paths['/v1/callbacks/carrier']!.post!.security, [{ carrier: [] }]);
    assert.equal(paths['/v1/orders/{orderId}/cancel']!.post!.requestBody!.required, false);
  });

  it('has an example for every named schema and every request body', () => {
    for (const [name, { type, examples }] of Object.entries(document.components.schemas)) {
      if (type === 'object' && !WITHOUT_EXAMPLES.has(name)) assert.ok(examples?.length, name);
    }
    for (const [address, methods] of Object.entries(paths)) {
      for (const [method, { requestBody }] of Object.entries(methods)) {
        for (const { schema } of Object.values(requestBody?.content ?? {})) {
          assert.ok(resolved(schema).examples?.length, `${method.toUpperCase()} ${address}`);
        }
      }
    }
  });

  it('says where an address may have no postal code', () => {
    const schema = document.components.schemas.ShippingAddress as Record<string, unknown>;
    assert.ok(!(schema.required as string[]).includes('postalCode'));
    assert.deepEqual(schema.else, { required: ['postalCode'] });
    assert.deepEqual(schema.if, {
      properties: { country: { enum: [...WITHOUT_POSTAL_CODES] } },
      required: ['country'],
    });
  });

  it('lists exactly the possible codes of each problem', () => {
    const { InvalidRequest } = document.components.responses;
    const problem = InvalidRequest!.content['application/problem+json']!;
    assert.deepEqual(problem.schema.properties, { status: { const: 400 }, code: { enum: ['InvalidRequest'] } });
    assert.equal(problem.example.type, '/problems/InvalidRequest');
  });

  it('has unique operation ids', () => {
    const names = Object.values(paths).flatMap((methods) => Object.values(methods).map((one) => one.operationId));
    assert.equal(new Set(names).size, names.length);
  });

  it('is shown by a page that loads nothing from other hosts', async () => {
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
