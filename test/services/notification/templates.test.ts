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
    partially_captured: [],
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

  it('say why an order that could not be paid for any longer is canceled, and not why a person canceled one', () => {
    const rejection = { code: 'AuthorizationExpired', detail: 'no method was named' };
    assert.match(
      textOf('canceled', { rejection }),
      /not reserved on your card any more, and .* another payment method/,
    );
    assert.doesNotMatch(textOf('canceled', {}), /payment method/);
  });

  it('name the pieces of each parcel of an order in several, and the order where it is in one', () => {
    const lines = [{ sku: 'TEA', quantity: 2 }];
    const parts = { lines, trackingNumber: 'SB-2', total: pounds(100) };
    assert.match(textOf('shipped', parts), /A parcel of your order 10042 has left[^]*2 × Green tea[^]*SB-2/);
    assert.match(textOf('shipped', parts), /charge your card for this parcel, unless it is paid for already/);
    assert.match(
      textOf('shipped', { ...parts, lines: undefined }),
      /Your order 10042 has left[^]*We now charge your card;/,
    );
    const returnableUntil = new Date(Date.now() + 86_400_000).toISOString();
    const last = textOf('delivered', { lines, returnableUntil });
    assert.match(last, /A parcel of your order 10042 has been delivered[^]*2 × Green tea[^]*request a return/);
    assert.doesNotMatch(last, /not arrived/);
    assert.match(textOf('delivered', { lines }), /Something else of this order has not arrived yet/);
    assert.doesNotMatch(textOf('delivered', { returnableUntil }), /parcel of|arrived yet/);
  });

  it('say what of an order is not sent, and where it goes', () => {
    const canceledLines = [{ sku: 'TEA', quantity: 2 }];
    const shippingAddress = { name: 'Ada', line1: '2 Low St', city: 'London', postalCode: 'N1 1AA', country: 'GB' };
    const less = textOf('changed', { canceledLines });
    assert.match(less, /not sent, and you do not pay for them:\n\n {2}- 2 × Green tea\n/);
    assert.doesNotMatch(less, /goes to/);
    const elsewhere = textOf('changed', { shippingAddress });
    assert.match(elsewhere, /order 10042 has changed[^]*It now goes to: Ada, 2 Low St, London, N1 1AA, GB\./);
    assert.doesNotMatch(elsewhere, /not sent/);
  });

  it('say until when and how to name another payment method', () => {
    const text = textOf('payment-method-required', { until: '2026-05-03T14:05:00.000Z', total: pounds(100) });
    assert.match(text, /Open the order in our shop and choose another payment method/);
    assert.match(text, /until 14:05 UTC on 3 May 2026\. After that we cancel what has not left/);
  });

  it('say what happened to a parcel, and what follows', () => {
    const data = { trackingNumber: 'SB-2', promisedBy: '2026-05-03T14:05:00.000Z' };
    for (const [template, expected] of [
      ['parcel-delayed', /order 10042 is delayed[^]*still on its way/],
      ['parcel-late', /order 10042 should have arrived by now[^]*Our staff looks into it/],
      ['parcel-lost', /has lost a parcel of your order 10042[^]*send the goods again, or give the money/],
      ['parcel-returned-to-sender', /could not deliver a parcel of your order 10042[^]*check the address/],
    ] as const) {
      const text = textOf(template, data);
      assert.match(text, expected);
      assert.match(text, /promised to deliver it by 14:05 UTC on 3 May 2026[^]*tracking number is SB-2/);
      assert.doesNotMatch(textOf(template, { trackingNumber: null }), /promised|tracking/);
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
        until: '2026-05-03T14:05:00.000Z',
        parcelId: orderId,
        trackingNumber: 'SB-1',
        lines: [{ sku: 'TEA', quantity: 2 }],
        canceledLines: [{ sku: 'TEA', quantity: 2 }],
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
