import assert from 'node:assert/strict';
import { eventually } from '../../stage/eventually.ts';
import { postgresUrl } from '../../stage/shared-server.ts';
import { type KillPoint, killedAt } from './killed-process.ts';
import { type TwoPhaseStage, UNDONE, assertStands, carriedOut, twoPhaseStage } from './two-phase-stage.ts';

describe('the coordinator of two-phase commit', () => {
  let stage: TwoPhaseStage;

  before(async function () {
    this.timeout(120_000);
    stage = await twoPhaseStage(await postgresUrl());
  });
  after(() => stage.close());
  afterEach(nothingLeft);

  /** The second phase goes on after the response. */
  async function nothingLeft(): Promise<void> {
    await eventually(async () => assert.deepEqual(await stage.log.listOpen(), []), 5_000);
    assert.deepEqual(await stage.databases.prepared(), []);
  }

  it('confirms an order, and everybody carries it out', async () => {
    const order = stage.order();
    assert.deepEqual(await stage.coordinator().place(order), { status: 'confirmed' });
    await nothingLeft();
    await assertStands(stage, order, carriedOut(order));
  });

  it('has the same order join the attempt that is under way', async () => {
    const order = stage.order();
    const coordinator = stage.coordinator();
    const outcomes = await Promise.all([coordinator.place(order), coordinator.place(order)]);
    assert.deepEqual(outcomes, [{ status: 'confirmed' }, { status: 'confirmed' }]);
    await nothingLeft();
    assert.deepEqual(await coordinator.place(order), { status: 'confirmed' });
    await nothingLeft();
    await assertStands(stage, order, carriedOut(order));
  });

  const REFUSED: Record<string, (order: ReturnType<TwoPhaseStage['order']>) => typeof order> = {
    OutOfStock: (order) => ({ ...order, lines: [...order.lines, { ...order.lines[0]!, sku: 'UNKNOWN' }] }),
    CardDeclined: (order) => ({ ...order, paymentMethod: 'pm_card_chargeDeclined' }),
    InsufficientFunds: (order) => ({ ...order, paymentMethod: 'pm_card_chargeDeclinedInsufficientFunds' }),
    AddressUndeliverable: (order) => ({
      ...order,
      shippingAddress: { ...order.shippingAddress, postalCode: '00000' },
    }),
  };
  for (const [code, change] of Object.entries(REFUSED)) {
    it(`rejects an order that is refused with ${code}, and undoes all of it`, async () => {
      const order = change(stage.order());
      const outcome = await stage.coordinator().place(order);
      assert.equal(outcome.status, 'rejected');
      assert.match((outcome as { reason: string }).reason, new RegExp(`^${code}: `));
      await nothingLeft();
      await assertStands(stage, order, UNDONE);
      // The logged decision, also after a restart, and although the reason of the refusal may be gone.
      assert.deepEqual(
        await stage.coordinator().place({ ...order, ...stage.order(), orderId: order.orderId }),
        outcome,
      );
    });
  }

  const down = async () => Promise.reject(new Error('connection refused'));

  for (const name of ['inventory', 'payment', 'shipping'] as const) {
    it(`takes no response of the ${name} service for a no, and has it abort when it is back`, async () => {
      const order = stage.order();
      const participants = { ...stage.participants, [name]: { prepare: down, commit: down, abort: down } };
      const outcome = await stage.coordinator({ participants: participants }).place(order);
      assert.deepEqual(outcome, { status: 'rejected', reason: 'ServiceUnavailable: connection refused' });
      await eventually(async () =>
        assert.equal(await stage.troubleOf(order), 'ServiceUnavailable: connection refused'),
      );
      await stage.coordinator().recover();
      await assertStands(stage, order, UNDONE);
      // What was sent before it went down.
      await assert.rejects(stage.participants.payment.prepare(paymentOf(order)), { code: 'Undone' });
    });

    it(`asks the ${name} service again while its vote is unknown`, async () => {
      const order = stage.order();
      const { prepare } = stage.participants[name] as unknown as {
        prepare: (request: object) => Promise<never>;
      };
      let requests = 0;
      const changed = {
        ...stage.participants[name],
        prepare: (request: object) => ((requests += 1) === 1 ? down() : prepare(request)),
      };
      const coordinator = stage.coordinator({
        participants: { ...stage.participants, [name]: changed },
        voteWithinMs: 20_000,
      });
      assert.deepEqual(await coordinator.place(order), { status: 'confirmed' });
      assert.equal(requests, 2);
      await nothingLeft();
      await assertStands(stage, order, carriedOut(order));
    });

    it(`repeats a commit until the ${name} service, which went down, is back`, async () => {
      const order = stage.order();
      let isDown = true;
      const { commit } = stage.participants[name];
      const changed = {
        ...stage.participants[name],
        commit: (ref: { orderId: string }) => (isDown ? down() : commit(ref)),
      };
      const coordinator = stage.coordinator({ participants: { ...stage.participants, [name]: changed } });
      assert.deepEqual(await coordinator.place(order), { status: 'confirmed' });
      await eventually(async () =>
        assert.equal(await stage.troubleOf(order), 'ServiceUnavailable: connection refused'),
      );
      await coordinator.recover();
      assert.deepEqual(await stage.databases.prepared(), [`${name}-order-${order.orderId}`]);
      isDown = false;
      await coordinator.recover();
      await assertStands(stage, order, carriedOut(order));
      assert.equal(await stage.troubleOf(order), null);
    });
  }

  const paymentOf = ({ orderId, total: amount, paymentMethod }: ReturnType<TwoPhaseStage['order']>) => ({
    orderId,
    amount,
    paymentMethod,
  });

  const KILLS: readonly (KillPoint & { leaves: 'aborted' | 'committed' })[] = [
    { call: 'log.begin', when: 'after', leaves: 'aborted' },
    { call: 'payment.prepare', when: 'after', leaves: 'aborted' },
    { call: 'shipping.prepare', when: 'after', leaves: 'aborted' },
    { call: 'inventory.prepare', when: 'before', leaves: 'aborted' },
    { call: 'inventory.prepare', when: 'after', leaves: 'aborted' },
    { call: 'log.decide', when: 'before', leaves: 'aborted' },
    { call: 'log.decide', when: 'after', leaves: 'committed' },
    { call: 'inventory.commit', when: 'before', leaves: 'committed' },
    { call: 'inventory.commit', when: 'after', leaves: 'committed' },
    { call: 'shipping.commit', when: 'after', leaves: 'committed' },
    { call: 'log.end', when: 'before', leaves: 'committed' },
    { call: 'log.end', when: 'after', leaves: 'committed' },
  ];
  for (const { call, when, leaves } of KILLS) {
    it(`killed ${when} ${call}, leaves an order that the next one finds and has ${leaves}`, async () => {
      const order = stage.order();
      const { killed, ...process } = killedAt({ call, when }, stage);
      void stage.coordinator(process).place(order);
      await killed;
      const next = stage.coordinator();
      // A client that asks again and the recovery at the start meet.
      const [outcome] = await Promise.all([next.place(order), next.recover()]);
      assert.equal(outcome.status, leaves === 'committed' ? 'confirmed' : 'rejected');
      await nothingLeft();
      await assertStands(stage, order, leaves === 'committed' ? carriedOut(order) : UNDONE);
    });
  }

  it('killed before it asked anybody, leaves an order that is rejected although its client never asks again', async () => {
    const order = stage.order();
    const { killed, ...process } = killedAt({ call: 'log.begin', when: 'after' }, stage);
    void stage.coordinator(process).place(order);
    await killed;
    await stage.coordinator().recover();
    await assertStands(stage, order, UNDONE);
  });

  for (const when of ['before', 'after'] as const) {
    it(`does not guess whether a decision was logged whose connection was lost ${when} it`, async () => {
      const order = stage.order();
      const decide: TwoPhaseStage['log']['decide'] = async (...given) => {
        if (when === 'after') await stage.log.decide(...given);
        throw new Error('connection lost');
      };
      await assert.rejects(stage.coordinator({ log: { ...stage.log, decide } }).place(order), /connection lost/);
      assert.equal((await stage.databases.prepared()).length, 3);
      await stage.coordinator().recover();
      await assertStands(stage, order, when === 'after' ? carriedOut(order) : UNDONE);
    });
  }

  it('killed while it has orders aborted, leaves the rest to the next one', async () => {
    const order = stage.order({ paymentMethod: 'pm_card_chargeDeclined' });
    const { killed, ...process } = killedAt({ call: 'shipping.abort', when: 'before' }, stage);
    const placed = stage.coordinator(process).place(order);
    await killed;
    assert.equal((await placed).status, 'rejected');
    await stage.coordinator().recover();
    await assertStands(stage, order, UNDONE);
  });

  it('aborts a transaction that waits at a participant for an order that nobody recorded', async () => {
    const order = stage.order();
    await stage.participants.payment.prepare(paymentOf(order));
    await stage.coordinator().recover();
    assert.deepEqual(await stage.databases.prepared(), []);
    const { heldAtProcessor, held } = await stage.standingOf(order);
    assert.deepEqual({ heldAtProcessor, held }, { heldAtProcessor: 0, held: 0 });
  });

  it('lets recovery alone what it is working on', async () => {
    const order = stage.order();
    const coordinator = stage.coordinator();
    const processor = stage.processor.hold('authorize', 'after');
    const placing = coordinator.place(order);
    await processor.reached;
    await coordinator.recover();
    processor.release();
    assert.deepEqual(await placing, { status: 'confirmed' });
    await nothingLeft();
    await assertStands(stage, order, carriedOut(order));
  });

  it('says which order a processor does not let it abort, and why, until it does', async () => {
    const order = stage.order({ lines: [{ ...stage.order().lines[0]!, sku: 'UNKNOWN' }] });
    stage.processor.refuse('void', 'VoidRefused');
    assert.equal((await stage.coordinator().place(order)).status, 'rejected');
    await eventually(async () => assert.match((await stage.troubleOf(order)) ?? '', /^VoidRefused: /));
    await stage.coordinator().recover();
    assert.deepEqual(await stage.log.listOpen(), [order.orderId]);
    stage.processor.refuse('void', undefined);
    await stage.coordinator().recover();
    await assertStands(stage, order, UNDONE);
  });
});
