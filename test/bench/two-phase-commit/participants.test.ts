import assert from 'node:assert/strict';
import type { Participants } from '../../../bench/race/peers/two-phase-commit/contract.ts';
import { postgresUrl } from '../../stage/shared-server.ts';
import { NONE, effectOf, prepare, wholeOf } from './participant-effects.ts';
import { type TwoPhaseStage, twoPhaseStage } from './two-phase-stage.ts';

const NAMES = ['inventory', 'payment', 'shipping'] as const;

describe('each participant of two-phase commit', () => {
  let stage: TwoPhaseStage;
  let participants: Participants;

  before(async function () {
    this.timeout(120_000);
    stage = await twoPhaseStage(await postgresUrl());
    ({ participants } = stage);
  });
  after(() => stage.close());
  afterEach(async () => assert.deepEqual(await stage.databases.prepared(), []));

  for (const name of NAMES) {
    describe(name, () => {
      it('answers a repeated prepare and a repeated commit as the first, and does its step once', async () => {
        const order = stage.order();
        const votes = [await prepare(participants, name, order), await prepare(participants, name, order)];
        assert.deepEqual(votes[1], votes[0]);
        assert.deepEqual(await participants[name].listPrepared({}), { orderIds: [order.orderId] });
        await participants[name].commit(order);
        await participants[name].commit(order);
        assert.deepEqual(await effectOf(stage, name, order), wholeOf(order)[name]);
        // One that was still on its way.
        assert.deepEqual(await prepare(participants, name, order), votes[0]);
        assert.deepEqual(await participants[name].listPrepared({}), { orderIds: [] });
      });

      it('prepares once where two requests arrive at the same time', async () => {
        const order = stage.order();
        const votes = await Promise.all([prepare(participants, name, order), prepare(participants, name, order)]);
        assert.deepEqual(votes[1], votes[0]);
        await participants[name].commit(order);
        assert.deepEqual(await effectOf(stage, name, order), wholeOf(order)[name]);
      });

      it('undoes a prepared step at a repeated abort, and its outside party with it', async () => {
        const order = stage.order();
        await prepare(participants, name, order);
        await participants[name].abort(order);
        await participants[name].abort(order);
        assert.deepEqual(await effectOf(stage, name, order), NONE[name]);
      });

      it('refuses to prepare what was aborted before', async () => {
        const order = stage.order();
        await participants[name].abort(order);
        await assert.rejects(prepare(participants, name, order), { code: 'Undone' });
        await assert.rejects(prepare(participants, name, order), { code: 'Undone' });
        assert.deepEqual(await effectOf(stage, name, order), NONE[name]);
      });

      it('does not pretend to commit what it never prepared, or has aborted', async () => {
        const order = stage.order();
        const broken = new RegExp(`order ${order.orderId} was decided to be committed, but is neither prepared nor`);
        await assert.rejects(participants[name].commit(order), broken);
        await prepare(participants, name, order);
        await participants[name].abort(order);
        await assert.rejects(participants[name].commit(order), broken);
        assert.deepEqual(await effectOf(stage, name, order), NONE[name]);
      });

      it('finds its prepared transaction after a restart', async () => {
        const [one, other] = [stage.order(), stage.order()];
        await prepare(participants, name, one);
        await prepare(participants, name, other);
        const restarted = stage.startParticipants();
        const { orderIds } = await restarted[name].listPrepared({});
        assert.deepEqual(orderIds.toSorted(), [one.orderId, other.orderId].toSorted());
        await prepare(restarted, name, one);
        await restarted[name].commit(one);
        await restarted[name].abort(other);
        assert.deepEqual(await effectOf(stage, name, one), wholeOf(one)[name]);
        assert.deepEqual(await effectOf(stage, name, other), NONE[name]);
      });
    });
  }
});
