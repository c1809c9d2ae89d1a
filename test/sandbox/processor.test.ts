import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startProcessor } from '../../sandbox/processor.ts';
import { type JsonResponse, get, ledgerOf, post, quiet, scratch, wholeLedger } from './requests.ts';

describe('sandbox processor', () => {
  let folder: string;
  let processor: Awaited<ReturnType<typeof startProcessor>>;
  const start = async () => (processor = await startProcessor({ port: 0, folder, logger: quiet }));

  before(async () => {
    folder = scratch();
    await start();
  });
  after(() => processor.close());

  const order = (paymentMethod = 'pm_card_visa') => ({
    orderId: randomUUID() as string,
    amountMinor: 1999,
    currency: 'GBP',
    paymentMethod,
  });
  type Order = ReturnType<typeof order>;
  const send = (path: string, body: object, key?: string) => post(`${processor.url}${path}`, body, key);
  const authorize = (payment: Order, key = `${payment.orderId}:authorize`) => send('/authorizations', payment, key);
  const capture = ({ orderId }: Order, key = `${orderId}:capture`) => send('/captures', { orderId }, key);
  const voidHold = ({ orderId }: Order, key = `${orderId}:void`) => send('/voids', { orderId }, key);
  const refund = ({ orderId }: Order, amountMinor: number, key = `${orderId}:refund:1`) =>
    send('/refunds', { orderId, amountMinor, currency: 'GBP' }, key);
  const typesOf = async ({ orderId }: Order) => (await ledgerOf(processor.url, orderId)).map(({ type }) => type);
  const summaryOf = ({ status, body }: JsonResponse) => `${status} ${body.code ?? ''}`.trim();

  it('authorizes, captures and refunds, and records each in its ledger', async () => {
    const payment = order();
    const responses = [await authorize(payment), await capture(payment), await refund(payment, 500)];
    assert.deepEqual(responses.map(summaryOf), ['201', '201', '201']);
    const entries = await ledgerOf(processor.url, payment.orderId);
    assert.deepEqual(
      entries,
      responses.map(({ body }) => body),
    );
    const { orderId } = payment;
    const [{ id, at, ...authorization }] = entries as [Record<string, unknown>];
    assert.match(String(id), /^authorization_[0-9a-f]{32}$/);
    assert.match(String(at), /^\d{4}-.*Z$/);
    assert.deepEqual(authorization, {
      orderId,
      type: 'authorization',
      amountMinor: 1999,
      currency: 'GBP',
      idempotencyKey: `${orderId}:authorize`,
    });
  });

  it('returns the stored response for the same key, also after a restart, and refuses another payload', async () => {
    const payment = order();
    const first = await authorize(payment);
    await processor.close();
    await start();
    assert.deepEqual(await authorize(payment), first);
    assert.deepEqual(await typesOf(payment), ['authorization']);
    assert.equal(summaryOf(await authorize({ ...payment, amountMinor: 1 })), '422 IdempotencyKeyReused');
    assert.equal(summaryOf(await capture(payment)), '201');
    // The same payload for another operation.
    assert.equal(summaryOf(await voidHold(payment, `${payment.orderId}:capture`)), '422 IdempotencyKeyReused');
  });

  it('returns the outcome of a key, refusals included, and 404 for an unknown key', async () => {
    const [yes, no] = [order(), order('pm_card_chargeDeclined')];
    const response = await authorize(yes);
    await authorize(no);
    const operation = (key: string) => get(`${processor.url}/operations/${encodeURIComponent(key)}`);
    assert.deepEqual(await operation(`${yes.orderId}:authorize`), { status: 200, body: response });
    const refused = (await operation(`${no.orderId}:authorize`)).body as unknown as JsonResponse;
    assert.equal(summaryOf(refused), '402 CardDeclined');
    assert.equal((await operation('never')).status, 404);
  });

  it('requires an Idempotency-Key', async () => {
    const payment = order();
    assert.equal(summaryOf(await send('/authorizations', payment, '')), '428 IdempotencyKeyRequired');
    assert.deepEqual(await typesOf(payment), []);
  });

  for (const [paymentMethod, response] of [
    ['pm_card_chargeDeclined', '402 CardDeclined'],
    ['pm_card_chargeDeclinedInsufficientFunds', '402 InsufficientFunds'],
    ['pm_card_unheard', '400 UnknownPaymentMethod'],
    ['constructor', '400 UnknownPaymentMethod'],
  ] as const) {
    it(`responds with ${response} for ${paymentMethod}, also on repeat, and records nothing`, async () => {
      const payment = order(paymentMethod);
      const first = await authorize(payment);
      assert.equal(summaryOf(first), response);
      assert.equal(summaryOf(await authorize(payment)), response);
      assert.deepEqual(await typesOf(payment), []);
    });
  }

  describe('card numbers', () => {
    for (const number of ['4242424242424242', '4242 4242 4242 4243', '4242-4242-4242-4242', '123456789012']) {
      it(`refuses ${number} in every part of a request`, async () => {
        const payment = order();
        const refused = '400 CardNumberRefused';
        assert.equal(summaryOf(await authorize({ ...payment, paymentMethod: number })), refused);
        assert.equal(summaryOf(await send('/captures', { orderId: number })), refused);
        assert.equal(summaryOf(await send('/refunds', { deep: [{ in: { it: `card: ${number}` } }] })), refused);
        assert.equal(summaryOf(await authorize(payment, number.replaceAll(' ', ''))), refused);
        assert.equal(summaryOf(await get(`${processor.url}/ledger?orderId=${encodeURIComponent(number)}`)), refused);
        assert.deepEqual(await typesOf(payment), []);
      });
    }

    it('does not mistake an order id for a card number', async () => {
      const payment = { ...order(), orderId: '12345678-1234-4123-8123-123456789012' };
      assert.equal(summaryOf(await authorize(payment)), '201');
      assert.equal(summaryOf(await capture(payment)), '201');
    });
  });

  describe('at most once for each order', () => {
    it('authorizes once, also with another key', async () => {
      const payment = order();
      await authorize(payment);
      assert.equal(summaryOf(await authorize(payment, randomUUID())), '409 AlreadyAuthorized');
      assert.deepEqual(await typesOf(payment), ['authorization']);
    });

    it('captures once, also for concurrent requests with other keys', async () => {
      const payment = order();
      await authorize(payment);
      const responses = await Promise.all(Array.from({ length: 8 }, () => capture(payment, randomUUID())));
      assert.deepEqual(responses.map(summaryOf).toSorted(), ['201', ...Array<string>(7).fill('409 AlreadyCaptured')]);
      assert.deepEqual(await typesOf(payment), ['authorization', 'capture']);
    });

    it('does not capture without an authorization', async () => {
      assert.equal(summaryOf(await capture(order())), '409 NotAuthorized');
    });
  });

  describe('voids', () => {
    it('release the authorization, and prevent later authorizations and captures', async () => {
      const payment = order();
      await authorize(payment);
      const voided = await voidHold(payment);
      assert.equal(voided.body.amountMinor, 1999);
      assert.deepEqual(await voidHold(payment, randomUUID()), voided);
      assert.equal(summaryOf(await capture(payment)), '409 Voided');
      assert.equal(summaryOf(await authorize(payment, randomUUID())), '409 Voided');
      assert.deepEqual(await typesOf(payment), ['authorization', 'void']);
    });

    it('without an authorization leave no entry but prevent a late authorization, also after a restart', async () => {
      const payment = order();
      const voided = await voidHold(payment);
      assert.deepEqual([voided.status, voided.body.id], [201, null]);
      await processor.close();
      await start();
      assert.equal(summaryOf(await authorize(payment)), '409 Voided');
      assert.deepEqual(await typesOf(payment), []);
    });

    it('are refused after the capture', async () => {
      const payment = order();
      await authorize(payment);
      await capture(payment);
      assert.equal(summaryOf(await voidHold(payment)), '409 AlreadyCaptured');
    });

    it('of pm_sandbox_voidFails are always refused, and the authorization remains', async () => {
      const payment = order('pm_sandbox_voidFails');
      await authorize(payment);
      assert.equal(summaryOf(await voidHold(payment)), '402 VoidRefused');
      assert.equal(summaryOf(await voidHold(payment, randomUUID())), '402 VoidRefused');
      assert.equal(summaryOf(await capture(payment)), '201');
    });
  });

  describe('refunds', () => {
    it('never exceed the captured amount', async () => {
      const payment = order();
      await authorize(payment);
      assert.equal(summaryOf(await refund(payment, 1)), '409 NotCaptured');
      await capture(payment);
      const responses = await Promise.all([1, 2, 3].map(() => refund(payment, 1000, randomUUID())));
      assert.deepEqual(responses.map(summaryOf).toSorted(), [
        '201',
        '409 RefundExceedsCapture',
        '409 RefundExceedsCapture',
      ]);
      assert.equal(summaryOf(await refund(payment, 999, randomUUID())), '201');
    });

    it('must be in the currency of the capture', async () => {
      const payment = order();
      await authorize(payment);
      await capture(payment);
      const { orderId } = payment;
      assert.equal(
        summaryOf(await send('/refunds', { orderId, amountMinor: 1, currency: 'EUR' })),
        '409 CurrencyMismatch',
      );
    });

    it('of pm_sandbox_refundFails are refused', async () => {
      const payment = order('pm_sandbox_refundFails');
      await authorize(payment);
      await capture(payment);
      assert.equal(summaryOf(await refund(payment, 1)), '402 RefundRefused');
      assert.deepEqual(await typesOf(payment), ['authorization', 'capture']);
    });
  });

  describe('the ledger', () => {
    it('is read page by page, oldest first, each entry once', async () => {
      const placed = [order(), order(), order()];
      for (const one of placed) await authorize(one);
      const entries = await wholeLedger(processor.url, 2);
      assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
      assert.deepEqual(
        entries.slice(-3).map(({ orderId }) => orderId),
        placed.map(({ orderId }) => orderId),
      );
    });

    it('refuses an invalid cursor', async () => {
      const forged = ['', '-1', '1e3'].map((part) => Buffer.from(JSON.stringify([part])).toString('base64url'));
      for (const after of ['nonsense', ...forged]) {
        assert.equal(summaryOf(await get(`${processor.url}/ledger?after=${after}`)), '400 BadCursor', after);
      }
    });
  });
});
