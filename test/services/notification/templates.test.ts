import assert from 'node:assert/strict';
import { MailTemplate } from '../../../activities/notification.ts';
import { FulfillmentStatus, PaymentStatus, RejectionCode } from '../../../activities/order-status.ts';
import { render } from '../../../services/notification/templates/index.ts';

const orderId = '6d1f0c1e-8f57-8a3e-9d55-0e0a4f0f8b9c';
const number = '10042';
const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });
const textOf = (template: MailTemplate, data: object): string => {
  const productNames = new Map([['TEA', 'Green tea']]);
  const { subject, text } = render(template, { orderId, number, ...data }, { name: 'Ada', productNames });
  return `${subject}\n${text}`;
};

const RELEASED = /has been released/;
const NOT_CHARGED = /Nothing has been charged/;
const TAKEN_OVER = /could not be released automatically; our staff has taken this over/;
const RESERVED = /is still reserved/;
const PARCEL = /parcel could not be stopped automatically/;

describe('mail templates', () => {
  // For every state that an order can end in: what the mail must say, and all that it must not say.
  const MONEY: Record<PaymentStatus, RegExp[]> = {
    not_paid: [NOT_CHARGED],
    awaiting_customer: [NOT_CHARGED],
    canceled: [NOT_CHARGED, RELEASED],
    requires_action: [NOT_CHARGED, TAKEN_OVER],
    authorized: [NOT_CHARGED, RESERVED],
    captured: [],
    partially_refunded: [],
    refunded: [],
  };
  for (const template of ['canceled', 'rejected'] as const) {
    it(`say of an order that is ${template} what is true of money and goods`, () => {
      for (const paymentStatus of PaymentStatus.options) {
        for (const fulfillmentStatus of FulfillmentStatus.options) {
          for (const code of RejectionCode.options) {
            const data = { paymentStatus, fulfillmentStatus, rejection: { code, detail: '' } };
            const expected = [...MONEY[paymentStatus], ...(fulfillmentStatus === 'booked' ? [PARCEL] : [])];
            const text = textOf(template, data);
            for (const statement of [NOT_CHARGED, RELEASED, TAKEN_OVER, RESERVED, PARCEL]) {
              assert.equal(statement.test(text), expected.includes(statement), `${JSON.stringify(data)}\n${text}`);
            }
          }
        }
      }
    });
  }

  it('claim nothing about money that an older event does not tell', () => {
    const text = textOf('canceled', {});
    assert.match(text, NOT_CHARGED);
    assert.doesNotMatch(text, RELEASED);
  });

  it('do not say that the card is charged before it is, nor that there is anything to pay for free goods', () => {
    assert.doesNotMatch(
      textOf('shipped', { trackingNumber: null, total: pounds(100) }),
      /is now charged|is charged|was charged/,
    );
    const free = { total: pounds(0), lines: [{ sku: 'TEA', quantity: 1 }], trackingNumber: null, refund: pounds(0) };
    for (const template of ['confirmed', 'shipped', 'refunded'] as const) {
      assert.doesNotMatch(textOf(template, free), /reserved|charge your card|have refunded/, template);
    }
  });

  it('offer a return only while it is possible', () => {
    const [past, future] = [-1000, 86_400_000].map((ms) => new Date(Date.now() + ms).toISOString());
    assert.match(textOf('delivered', { returnableUntil: future }), /request a return of the order until \d+ \w+ \d{4}/);
    for (const returnableUntil of [past, undefined]) {
      assert.doesNotMatch(textOf('delivered', { returnableUntil }), /return/);
    }
  });

  it('say where and until when to confirm a payment', () => {
    const expiresAt = '2026-05-03T14:05:00.000Z';
    const url = 'https://bank.example/confirm';
    const text = textOf('confirm-payment', { url, expiresAt });
    assert.match(text, /Do so here: https:\/\/bank\.example\/confirm\n/);
    assert.match(text, /until 14:05 UTC on 3 May 2026\. Nothing is charged before you confirm/);
    assert.match(textOf('confirm-payment', { url: null, expiresAt }), /Open the order in our shop/);
  });

  it('say of a refund what it is for and how it is paid', () => {
    const returned = textOf('refunded', { refund: pounds(100), returnId: orderId });
    assert.match(returned, /has arrived[^]*We have refunded £1\.00\. It goes to the card/);
    const given = textOf('refunded', { refund: pounds(100), refundId: orderId });
    assert.doesNotMatch(given, /arrived/);
    assert.match(given, /We have refunded £1\.00 of your order/);
    assert.match(
      textOf('refunded', { refund: pounds(100), refundId: orderId, manually: true }),
      /not come through the card/,
    );
    assert.match(textOf('refunded', { refund: pounds(0), returnId: orderId }), /nothing left to pay back/);
  });

  it('speak of a password only to those who chose one', () => {
    assert.match(textOf('welcome', { hasPassword: true }), /password you chose/);
    for (const hasPassword of [false, undefined]) assert.doesNotMatch(textOf('welcome', { hasPassword }), /password/);
  });

  it('name products and order numbers, not SKUs and ids', () => {
    for (const template of MailTemplate.options) {
      const text = textOf(template, {
        total: pounds(100),
        refund: pounds(100),
        rejection: { code: 'OutOfStock' },
        url: null,
        expiresAt: '2026-05-03T14:05:00.000Z',
        lines: [{ sku: 'TEA', quantity: 2 }],
      });
      assert.ok(!text.includes(orderId) && !text.includes('TEA'), text);
    }
  });

  it('name what has no number or no name any more by its id', () => {
    const data = { number: undefined, total: pounds(100), lines: [{ sku: 'GONE', quantity: 2 }] };
    const text = textOf('confirmed', data);
    assert.ok(text.includes(orderId) && text.includes('2 × GONE'), text);
  });

  it('cannot be given further lines or HTML by a product’s name', () => {
    const productNames = new Map([['TEA', '<b>Tea</b>\nFree!']]);
    const data = { lines: [{ sku: 'TEA', quantity: 1 }] };
    const { text, html } = render('cart-reminder', data, { name: 'Ada', productNames });
    assert.ok(text.includes('  - 1 × <b>Tea</b> Free!\n'));
    assert.ok(html.includes('<li>1 × &lt;b&gt;Tea&lt;/b&gt; Free!</li>'));
  });
});
