import assert from 'node:assert/strict';
import { deliverySummary } from '../../../workflows/webhook-delivery/messages.ts';

describe('the summary of a webhook delivery', () => {
  it('shows the customer’s host as it is, though the Web UI reads Markdown', () => {
    assert.equal(deliverySummary('order.placed', 'hooks.example.com'), 'order.placed to hooks.example.com');
    // Otherwise emphasis, and a link that looks like the shop's own.
    assert.equal(deliverySummary('order.placed', 'www.a_b_.example'), 'order.placed to www\\.a\\_b\\_.example');
  });
});
