import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { VISIBLE } from '../../activities/text.ts';
import { orderBody } from '../stage/gateway-builders.ts';
import { INVISIBLE } from '../stage/invisible-characters.ts';
import { type Harness, startHarness } from '../stage/test-gateway.ts';

describe('a text for people in a request', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  /** Requests with an invisible text, and the field that has it. */
  const requests = (blank: string) =>
    [
      ['POST /v1/users', '/name', { email: 'a@b.example', password: 'correct horse', name: blank }],
      ['PATCH /v1/users/me', '/name', { name: blank }],
      ['POST /v1/products', '/name', { sku: 'x', name: blank, price: { amountMinor: 1, currency: 'GBP' } }],
      ['PATCH /v1/products/tea', '/name', { name: blank }],
      ['POST /v1/products/tea/stock-adjustments', '/reason', { delta: 1, reason: blank }],
      ...(['name', 'line1', 'city', 'postalCode'] as const).map(
        (field) =>
          [
            'POST /v1/orders',
            `/shippingAddress/${field}`,
            orderBody({ shippingAddress: { ...orderBody().shippingAddress, [field]: blank } }),
          ] as const,
      ),
    ] as const;

  for (const [what, character] of Object.entries(INVISIBLE)) {
    it(`is refused if it has nothing but ${what}`, async () => {
      for (const [call, pointer, body] of requests(character)) {
        const as = call.includes('product') ? gateway.admin : gateway.customer;
        const response = await gateway.call(call, { as, key: randomUUID(), body });
        assert.equal(response.status, 400, `${call}: ${response.text}`);
        assert.equal(response.body.errors[0]!.pointer, pointer, call);
      }
      assert.equal(gateway.services.store.drafts.size, 0);
    });
  }

  it('has a pattern in the OpenAPI document that tells visible characters from others', async () => {
    const { text } = await gateway.call('GET /openapi.json');
    const { components } = JSON.parse(text) as {
      components: { schemas: Record<string, { properties: Record<string, { pattern: string }> }> };
    };
    const pattern = new RegExp(components.schemas.NewProduct!.properties.name!.pattern, 'u');
    for (let code = 0; code <= 0xffff; code += 1) {
      const character = String.fromCharCode(code);
      if (!character.isWellFormed()) continue;
      assert.equal(pattern.test(character), VISIBLE.test(character), `U+${code.toString(16)}`);
    }
    for (const name of ['Tea', 'Thé 🍵 茶', '🍵', '\u200bx', 'हिन्दी']) {
      assert.ok(pattern.test(name), name);
      assert.ok(new RegExp(pattern.source).test(name), name);
    }
  });
});
