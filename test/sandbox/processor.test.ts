import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startProcessor } from '../../sandbox/processor.ts';
import { type Answer, get, ledgerOf, post, quiet, scratch, wholeLedger } from './asking.ts';

describe('sandbox processor', () => {
  const folder = scratch();
  let processor: Awaited<ReturnType<typeof startProcessor>>;
  const start = async () => (processor = await startProcessor({ port: 0, folder, logger: quiet }));

  before(start);
  after(() => processor.close());

  const order = (paymentMethod = 'pm_card_visa') => ({
    orderId: randomUUID() as string,
    amountMinor: 1999,
    currency: 'GBP',
    paymentMethod,
  });
  type Order = ReturnType<typeof order>;
  const ask = (path: string, body: object, key?: string) => post(`${processor.url}${path}`, body, key);
  const authorize = (asked: Order, key = `${asked.orderId}:authorize`) => ask('/authorizations', asked, key);
  const capture = ({ orderId }: Order, key = `${orderId}:capture`) => ask('/captures', { orderId }, key);
  const voidHold = ({ orderId }: Order, key = `${orderId}:void`) => ask('/voids', { orderId }, key);
  const refund = ({ orderId }: Order, amountMinor: number, key = `${orderId}:refund:1`) =>
    ask('/refunds', { orderId, amountMinor, currency: 'GBP' }, key);
  const typesOf = async ({ orderId }: Order) => (await ledgerOf(processor.url, orderId)).map(({ type }) => type);
  const said = ({ status, body }: Answer) => `${status} ${body.code ?? ''}`.trim();

  it('holds, takes and gives back money, and enters each in its ledger', async () => {
    const asked = order();
    const answers = [await authorize(asked), await capture(asked), await refund(asked, 500)];
    assert.deepEqual(answers.map(said), ['201', '201', '201']);
    const entries = await ledgerOf(processor.url, asked.orderId);
    assert.deepEqual(
      entries,
      answers.map(({ body }) => body),
    );
    const { orderId } = asked;
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

  it('gives the stored answer to the same key, also after a restart, and refuses another payload under it', async () => {
    const asked = order();
    const first = await authorize(asked);
    await processor.close();
    await start();
    assert.deepEqual(await authorize(asked), first);
    assert.deepEqual(await typesOf(asked), ['authorization']);
    assert.equal(said(await authorize({ ...asked, amountMinor: 1 })), '422 IdempotencyKeyReused');
    assert.equal(said(await capture(asked)), '201');
    // The same words, asked of something else.
    assert.equal(said(await voidHold(asked, `${asked.orderId}:capture`)), '422 IdempotencyKeyReused');
  });

  it('tells by the key what it answered, refusals included, and 404 where it never did', async () => {
    const [yes, no] = [order(), order('pm_card_chargeDeclined')];
    const answer = await authorize(yes);
    await authorize(no);
    const operation = (key: string) => get(`${processor.url}/operations/${encodeURIComponent(key)}`);
    assert.deepEqual(await operation(`${yes.orderId}:authorize`), { status: 200, body: answer });
    const refused = (await operation(`${no.orderId}:authorize`)).body as unknown as Answer;
    assert.equal(said(refused), '402 CardDeclined');
    assert.equal((await operation('never')).status, 404);
  });

  it('wants an Idempotency-Key before it does anything', async () => {
    const asked = order();
    assert.equal(said(await ask('/authorizations', asked, '')), '428 IdempotencyKeyRequired');
    assert.deepEqual(await typesOf(asked), []);
  });

  for (const [paymentMethod, answer] of [
    ['pm_card_chargeDeclined', '402 CardDeclined'],
    ['pm_card_chargeDeclinedInsufficientFunds', '402 InsufficientFunds'],
    ['pm_card_unheard', '400 UnknownPaymentMethod'],
    ['constructor', '400 UnknownPaymentMethod'],
  ] as const) {
    it(`answers ${answer} for ${paymentMethod}, the same on repeat, and enters nothing`, async () => {
      const asked = order(paymentMethod);
      const first = await authorize(asked);
      assert.equal(said(first), answer);
      assert.equal(said(await authorize(asked)), answer);
      assert.deepEqual(await typesOf(asked), []);
    });
  }

  describe('card numbers', () => {
    for (const number of ['4242424242424242', '4242 4242 4242 4243', '4242-4242-4242-4242', '123456789012']) {
      it(`refuses ${number} wherever it stands`, async () => {
        const asked = order();
        const refused = '400 CardNumberRefused';
        assert.equal(said(await authorize({ ...asked, paymentMethod: number })), refused);
        assert.equal(said(await ask('/captures', { orderId: number })), refused);
        assert.equal(said(await ask('/refunds', { deep: [{ in: { it: `card: ${number}` } }] })), refused);
        assert.equal(said(await authorize(asked, number.replaceAll(' ', ''))), refused);
        assert.equal(said(await get(`${processor.url}/ledger?orderId=${encodeURIComponent(number)}`)), refused);
        assert.deepEqual(await typesOf(asked), []);
      });
    }

    it('takes no order id for one, whatever its digits', async () => {
      const asked = { ...order(), orderId: '12345678-1234-4123-8123-123456789012' };
      assert.equal(said(await authorize(asked)), '201');
      assert.equal(said(await capture(asked)), '201');
    });
  });

  describe('at most once for each order', () => {
    it('holds money once, also under another key', async () => {
      const asked = order();
      await authorize(asked);
      assert.equal(said(await authorize(asked, randomUUID())), '409 AlreadyAuthorized');
      assert.deepEqual(await typesOf(asked), ['authorization']);
    });

    it('takes it once, also under other keys and all at once', async () => {
      const asked = order();
      await authorize(asked);
      const answers = await Promise.all(Array.from({ length: 8 }, () => capture(asked, randomUUID())));
      assert.deepEqual(answers.map(said).toSorted(), ['201', ...Array<string>(7).fill('409 AlreadyCaptured')]);
      assert.deepEqual(await typesOf(asked), ['authorization', 'capture']);
    });

    it('takes nothing that was not held', async () => {
      assert.equal(said(await capture(order())), '409 NotAuthorized');
    });
  });

  describe('voids', () => {
    it('let go of what was held, and nothing can be held or taken afterwards', async () => {
      const asked = order();
      await authorize(asked);
      const voided = await voidHold(asked);
      assert.equal(voided.body.amountMinor, 1999);
      assert.deepEqual(await voidHold(asked, randomUUID()), voided);
      assert.equal(said(await capture(asked)), '409 Voided');
      assert.equal(said(await authorize(asked, randomUUID())), '409 Voided');
      assert.deepEqual(await typesOf(asked), ['authorization', 'void']);
    });

    it('of what was never held leave no entry but keep a late authorization out, also after a restart', async () => {
      const asked = order();
      const voided = await voidHold(asked);
      assert.deepEqual([voided.status, voided.body.id], [201, null]);
      await processor.close();
      await start();
      assert.equal(said(await authorize(asked)), '409 Voided');
      assert.deepEqual(await typesOf(asked), []);
    });

    it('are refused once the money is taken', async () => {
      const asked = order();
      await authorize(asked);
      await capture(asked);
      assert.equal(said(await voidHold(asked)), '409 AlreadyCaptured');
    });

    it('of pm_sandbox_voidFails are refused for good, and the money stays held', async () => {
      const asked = order('pm_sandbox_voidFails');
      await authorize(asked);
      assert.equal(said(await voidHold(asked)), '402 VoidRefused');
      assert.equal(said(await voidHold(asked, randomUUID())), '402 VoidRefused');
      assert.equal(said(await capture(asked)), '201');
    });
  });

  describe('refunds', () => {
    it('never give back more than was taken', async () => {
      const asked = order();
      await authorize(asked);
      assert.equal(said(await refund(asked, 1)), '409 NotCaptured');
      await capture(asked);
      const answers = await Promise.all([1, 2, 3].map(() => refund(asked, 1000, randomUUID())));
      assert.deepEqual(answers.map(said).toSorted(), ['201', '409 RefundExceedsCapture', '409 RefundExceedsCapture']);
      assert.equal(said(await refund(asked, 999, randomUUID())), '201');
    });

    it('are in the currency that was taken', async () => {
      const asked = order();
      await authorize(asked);
      await capture(asked);
      const { orderId } = asked;
      assert.equal(said(await ask('/refunds', { orderId, amountMinor: 1, currency: 'EUR' })), '409 CurrencyMismatch');
    });

    it('of pm_sandbox_refundFails are refused', async () => {
      const asked = order('pm_sandbox_refundFails');
      await authorize(asked);
      await capture(asked);
      assert.equal(said(await refund(asked, 1)), '402 RefundRefused');
      assert.deepEqual(await typesOf(asked), ['authorization', 'capture']);
    });
  });

  describe('the ledger', () => {
    it('is read page by page, oldest first, each entry once', async () => {
      const asked = [order(), order(), order()];
      for (const one of asked) await authorize(one);
      const entries = await wholeLedger(processor.url, 2);
      assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
      assert.deepEqual(
        entries.slice(-3).map(({ orderId }) => orderId),
        asked.map(({ orderId }) => orderId),
      );
    });

    it('refuses a cursor it did not hand out', async () => {
      assert.equal(said(await get(`${processor.url}/ledger?after=nonsense`)), '400 BadCursor');
    });
  });
});
