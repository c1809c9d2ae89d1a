import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { webhookMessages } from '../../../activities/webhook-message.ts';
import { WebhookEventType } from '../../../activities/webhook.ts';
import { openApi } from '../../../gateway/openapi/document.ts';
import { bodyOf } from '../../../services/webhook/payload.ts';
import { signedHeaders } from '../../../services/webhook/secrets.ts';

interface Operation {
  operationId: string;
  parameters: { name: string; in: string; required: boolean; schema: { pattern?: string } }[];
  requestBody: {
    content: { 'application/json': { schema: { properties: Record<string, Schema> }; example: Message } };
  };
}

interface Schema {
  const?: string;
  properties?: object;
  required?: string[];
}

interface Message {
  type: WebhookEventType;
  timestamp: string;
  data: object;
}

describe('the webhooks in the OpenAPI document', () => {
  const { webhooks } = openApi([]) as unknown as { webhooks: Record<string, { post: Operation }> };

  it('are those that an endpoint can be registered for', () => {
    assert.deepEqual(Object.keys(webhooks), WebhookEventType.options);
    const ids = Object.values(webhooks).map(({ post }) => post.operationId);
    assert.equal(ids.at(-1), 'onOrderActionRequired');
    assert.equal(new Set(ids).size, ids.length);
  });

  for (const type of WebhookEventType.options) {
    it(`describe exactly what is sent about ${type}`, () => {
      const { schema, example } = webhooks[type]!.post.requestBody.content['application/json'];
      assert.equal(schema.properties.type!.const, type);
      const sent = JSON.parse(
        bodyOf(type, { time: example.timestamp, data: { ...example.data, secret: 'for staff' } }),
      );
      assert.deepEqual(sent, example);
      const { properties = {}, required = [] } = schema.properties.data!;
      // What the example lacks is not always sent.
      const always = Object.keys(properties).filter((name) => name in example.data || required.includes(name));
      assert.deepEqual(always, Object.keys(example.data));
      assert.deepEqual(webhookMessages[type].strict().parse(example), example);
    });
  }

  it('have the headers that are sent, and a signature as described', () => {
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    const { example } = webhooks['order.canceled']!.post.requestBody.content['application/json'];
    const body = bodyOf('order.canceled', { time: example.timestamp, data: example.data });
    const headers: Record<string, string> = signedHeaders(
      { id: 'evt', timestamp: Math.floor(Date.now() / 1000), body },
      [secret],
    );
    for (const { post } of Object.values(webhooks)) {
      assert.deepEqual(
        post.parameters.map((parameter) => [parameter.in, parameter.name, parameter.required]),
        Object.keys(headers).map((name) => ['header', name, true]),
      );
      assert.match(headers['webhook-timestamp']!, new RegExp(post.parameters[1]!.schema.pattern!));
    }
    new Webhook(secret).verify(body, headers);
  });
});
