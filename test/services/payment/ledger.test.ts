import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { connect } from '../../../platform/database/connection.ts';
import type { PaymentDatabase } from '../../../services/payment/database.ts';
import { createPaymentRequests } from '../../../services/payment/requests.ts';
import { paymentBench, paymentRequest, pounds } from '../../stage/test-payment-service.ts';

describe('the money ledger', () => {
  const bench = paymentBench();
  let owner: Kysely<PaymentDatabase>;
  before(() => {
    owner = connect<PaymentDatabase>(bench.database.ownerUrl, 2);
  });
  after(() => owner.destroy());

  const authorized = async () => {
    const request = paymentRequest();
    await bench.payment.authorizePayment(request);
    return request.orderId;
  };
  const entriesOf = (orderId: string) =>
    bench.database.db
      .selectFrom('ledger_entries')
      .select(['effect', 'debit_account', 'credit_account', 'amount_minor', 'currency'])
      .where('order_id', '=', orderId)
      .orderBy('at')
      .orderBy('debit_account', 'desc')
      .execute();
  const post = (db: Kysely<PaymentDatabase>, orderId: string, entry: object) =>
    db
      .insertInto('ledger_entries')
      .values({
        order_id: orderId,
        effect: 'capture',
        debit_account: 'processor_receivable',
        credit_account: 'sales',
        amount_minor: 1250,
        currency: 'GBP',
        ...entry,
      })
      .execute();

  it('records a sale in debits and credits', async () => {
    const orderId = await bench.captured();
    const refundId = randomUUID();
    await bench.payment.refundPayment({ orderId, refundId, amount: pounds(250) });
    const entries = (await entriesOf(orderId)).map((entry) => Object.values(entry).join(' '));
    assert.deepEqual(entries, [
      'authorize card_holds uncaptured_orders 1250 GBP',
      'capture uncaptured_orders card_holds 1250 GBP',
      'capture processor_receivable sales 1250 GBP',
      `refund:${refundId} refunds processor_receivable 250 GBP`,
    ]);
  });

  it('leaves every account of a voided payment at zero', async () => {
    const orderId = await authorized();
    await bench.payment.voidPayment({ orderId });
    const { rows } = await sql`
      select account from (
        select debit_account as account, amount_minor from ledger_entries where order_id = ${orderId}
        union all select credit_account, -amount_minor from ledger_entries where order_id = ${orderId}) legs
      group by account having sum(amount_minor) <> 0`.execute(bench.database.db);
    assert.deepEqual(rows, []);
    assert.equal((await entriesOf(orderId)).length, 2);
  });

  for (const statement of [
    'update ledger_entries set amount_minor = 1',
    'delete from ledger_entries',
    'truncate ledger_entries',
  ]) {
    it(`does not let the service ${statement.split(' ')[0]} entries`, async () => {
      await authorized();
      await assert.rejects(sql.raw(statement).execute(bench.database.db), /permission denied for table ledger_entries/);
    });
  }

  for (const [what, entry] of Object.entries({
    'has no credit account': { credit_account: null },
    'has the same account on both sides': { credit_account: 'processor_receivable' },
    'moves nothing': { amount_minor: 0 },
    'moves a negative amount': { amount_minor: -1250 },
    'has an unknown account': { credit_account: 'somewhere' },
    'has the wrong accounts for its effect': { effect: 'void' },
    'has no currency': { currency: '' },
  })) {
    it(`refuses an entry that ${what}`, async () => {
      const orderId = await authorized();
      await assert.rejects(post(bench.database.db, orderId, entry), /violates (not-null|check) constraint/);
    });
  }

  it('refuses to record one effect twice', async () => {
    const orderId = await bench.captured();
    await assert.rejects(post(bench.database.db, orderId, {}), /duplicate key/);
  });

  it('stores the change, its entries and its event together or not at all', async () => {
    const request = paymentRequest();
    const { orderId } = request;
    await sql`alter table outbox add constraint no_room check (subject <> ${sql.lit(orderId)})`.execute(owner);
    await assert.rejects(bench.payment.authorizePayment(request), /no_room/);
    assert.equal((await bench.paymentOf(orderId)).status, 'pending');
    assert.deepEqual(await entriesOf(orderId), []);

    await sql`alter table outbox drop constraint no_room`.execute(owner);
    await bench.restarted().authorizePayment(request);
    assert.deepEqual(bench.effects(orderId), ['authorize']);
    assert.deepEqual(await bench.events(orderId), ['payment.authorized']);
    assert.equal((await entriesOf(orderId)).length, 1);
  });

  it('publishes events with the order and the amount', async () => {
    const orderId = await bench.captured();
    const refundId = randomUUID();
    await bench.payment.refundPayment({ orderId, refundId, amount: pounds(250) });
    bench.processor.refuse('refund', 'RefundRefused');
    await assert.rejects(bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(250) }));
    const { db } = bench.database;
    const events = await db
      .selectFrom('outbox')
      .select('data')
      .where('subject', '=', orderId)
      .orderBy('sequence')
      .execute();
    assert.deepEqual(
      events.map(({ data }) => data),
      [
        { orderId, amount: pounds(1250) },
        { orderId, amount: pounds(1250) },
        { orderId, amount: pounds(250), refundId },
        { orderId, step: 'refundPayment', reason: 'RefundRefused' },
      ],
    );
  });

  describe('listBooks', () => {
    it('pages through every payment by ascending order id', async () => {
      const made = [await authorized(), await bench.captured(), await authorized()];
      const declined = paymentRequest({ paymentMethod: 'pm_card_chargeDeclined' });
      await assert.rejects(bench.payment.authorizePayment(declined));
      const requests = createPaymentRequests({ db: bench.database.db, processor: bench.processor });
      const seen: string[] = [];
      let after: string | undefined;
      do {
        const page = await requests.listBooks({ limit: 2, ...(after !== undefined && { after }) });
        seen.push(...page.items.map((book) => book.orderId));
        after = page.next ?? undefined;
      } while (after !== undefined);
      assert.deepEqual(seen, seen.toSorted());
      assert.equal(new Set(seen).size, seen.length);
      for (const orderId of [...made, declined.orderId]) assert.ok(seen.includes(orderId));
    });

    it('returns the ledger sums of an order', async () => {
      const orderId = await bench.captured();
      await bench.payment.refundPayment({ orderId, refundId: randomUUID(), amount: pounds(250) });
      const requests = createPaymentRequests({ db: bench.database.db, processor: bench.processor });
      const { items } = await requests.listBooks({ limit: 1000 });
      assert.deepEqual(
        items.find((book) => book.orderId === orderId),
        {
          orderId,
          currency: 'GBP',
          authorizedMinor: 1250,
          voidedMinor: 0,
          capturedMinor: 1250,
          refundedMinor: 250,
          manuallyRefundedMinor: 0,
          manuallyCapturedMinor: 0,
        },
      );
    });

    it('refuses a cursor that it did not issue', async () => {
      const requests = createPaymentRequests({ db: bench.database.db, processor: bench.processor });
      const forged = Buffer.from(JSON.stringify(["' or true --"])).toString('base64url');
      for (const after of ['nonsense', forged]) {
        await assert.rejects(requests.listBooks({ after, limit: 2 }), { name: 'Refusal', code: 'BadCursor' });
      }
    });
  });

  describe('checkBalances', () => {
    const findDiscrepancies = async () =>
      (await createPaymentRequests({ db: bench.database.db, processor: bench.processor }).checkBalances({}))
        .discrepancies;

    // Written as the database's owner: the service itself has no permission.
    const faults: [string, (orderId: string) => Promise<unknown>, RegExp][] = [
      [
        'a missing entry',
        (id) =>
          owner.deleteFrom('ledger_entries').where('order_id', '=', id).where('effect', '=', 'authorize').execute(),
        /authorized 1250, the ledger says 0/,
      ],
      [
        'half a capture',
        (id) =>
          owner
            .deleteFrom('ledger_entries')
            .where('order_id', '=', id)
            .where('credit_account', '=', 'card_holds')
            .execute(),
        /releases 0 from holds but records 1250 as sales/,
      ],
      [
        'a changed amount',
        (id) => owner.updateTable('ledger_entries').set({ amount_minor: 1 }).where('order_id', '=', id).execute(),
        /captured 1250, the ledger says 1/,
      ],
      [
        'another currency',
        (id) => owner.updateTable('ledger_entries').set({ currency: 'EUR' }).where('order_id', '=', id).execute(),
        /entries in another currency/,
      ],
      [
        'a refund entry without a refund',
        (id) =>
          post(owner, id, {
            effect: `refund:${randomUUID()}`,
            debit_account: 'refunds',
            credit_account: 'processor_receivable',
          }),
        /refunded 0, the ledger says 1250/,
      ],
      [
        'a reservation without a capture',
        (id) =>
          sql`
            update payments set amount_minor = 2000, authorized_minor = 2000, capture_reserved_minor = 5
            where order_id = ${id}`.execute(owner),
        /5 reserved for captures, but pending captures total 0/,
      ],
      [
        'a reservation without a refund',
        (id) => owner.updateTable('payments').set({ refund_reserved_minor: 5 }).where('order_id', '=', id).execute(),
        /5 reserved for refunds, but pending refunds total 0/,
      ],
    ];
    for (const [what, create, expected] of faults) {
      it(`finds ${what}`, async () => {
        const orderId = await bench.captured();
        assert.deepEqual(await findDiscrepancies(), []);
        await create(orderId);
        const discrepancies = await findDiscrepancies();
        await owner.deleteFrom('ledger_entries').where('order_id', '=', orderId).execute();
        await owner.deleteFrom('operations').where('order_id', '=', orderId).execute();
        await owner.deleteFrom('payments').where('order_id', '=', orderId).execute();
        assert.match(discrepancies.join('\n'), expected);
        assert.ok(discrepancies.every((line) => line.includes(orderId)));
      });
    }
  });
});
