import assert from 'node:assert/strict';
import { PARTICIPANTS } from '../../../bench/race/peers/choreography/registry.ts';
import type { PlacedOrder } from '../../../bench/race/peers/order.ts';
import { type ChoreographyStage, REFUSED, choreographyStage, orderWith, published } from './choreography-stage.ts';
import { deliver, eventOf, handleDue, hurry } from './deliver.ts';
import { CASES, type Interruption } from './participant-cases.ts';

describe('a participant of the choreography', function () {
  this.timeout(120_000);
  let stage: ChoreographyStage;
  before(async () => {
    stage = await choreographyStage();
  });
  after(() => stage.close());

  for (const name of PARTICIPANTS) {
    const participant = CASES[name];
    const trigger = (order: PlacedOrder) => eventOf(participant.waitsFor.publisher, participant.waitsFor.type, order);
    const cancellation = ({ orderId }: PlacedOrder) => eventOf('order', 'order.cancelled', { orderId });
    const arrives = (event: ReturnType<typeof eventOf>, interruption?: Interruption) =>
      deliver(participant.db(stage), participant.subscriptions(stage, interruption), event);
    const again = async ({ orderId }: PlacedOrder) => {
      await hurry(participant.db(stage), orderId);
      return handleDue(participant.db(stage), participant.subscriptions(stage), orderId);
    };
    const effects = async (order: PlacedOrder) => participant.effects(await stage.effectsOf(order));
    const events = async ({ orderId }: PlacedOrder) => published(participant.db(stage), participant.publishes, orderId);
    const eventTypes = async (order: PlacedOrder) => (await events(order)).map(({ type }) => type);

    describe(name, () => {
      it('takes its step and says so, with all that the next one needs', async () => {
        const order = orderWith();
        assert.deepEqual(await arrives(trigger(order)), ['done']);
        assert.deepEqual(await effects(order), participant.effectsOfStep(order));
        const [event, ...more] = await events(order);
        assert.equal(event!.type, participant.done.type);
        assert.deepEqual({ ...event!.data, ...participant.done.data(order) }, event!.data);
        assert.deepEqual(more, []);
      });

      it('takes its step once and says so once if the event is delivered twice', async () => {
        const order = orderWith();
        const event = trigger(order);
        assert.deepEqual(await arrives(event), ['done']);
        assert.deepEqual(await arrives(event), [], 'there is nothing to handle');
        assert.deepEqual(await effects(order), participant.effectsOfStep(order));
        assert.deepEqual(await eventTypes(order), [participant.done.type]);
      });

      it('takes its step once if the event before it was published twice', async () => {
        const order = orderWith();
        await arrives(trigger(order));
        assert.deepEqual(await arrives(trigger(order)), ['done']);
        assert.deepEqual(await effects(order), participant.effectsOfStep(order));
      });

      it('undoes its step once, however often the order is cancelled', async () => {
        const order = orderWith();
        await arrives(trigger(order));
        for (let times = 0; times < 2; times += 1) assert.deepEqual(await arrives(cancellation(order)), ['done']);
        const both = [...participant.effectsOfStep(order), ...participant.effectsOfUndo(order)];
        assert.deepEqual(await effects(order), both);
        assert.deepEqual(await arrives(trigger(order)), ['done'], 'the event before it, published twice');
        assert.deepEqual(await effects(order), both);
        assert.deepEqual(await eventTypes(order), [participant.done.type]);
      });

      it('does nothing, and says nothing, if the cancellation comes before the event of its step', async () => {
        const order = orderWith();
        assert.deepEqual(await arrives(cancellation(order)), ['done']);
        assert.deepEqual(await arrives(trigger(order)), ['done']);
        assert.deepEqual(await effects(order), []);
        assert.deepEqual(await eventTypes(order), []);
      });

      it('says why it refuses, which leaves nothing', async () => {
        const { order: refused, code } = REFUSED[name];
        const order = refused();
        assert.deepEqual(await arrives(trigger(order)), ['done']);
        const [event, ...more] = await events(order);
        assert.equal(event!.type, participant.failed);
        assert.match(String(event!.data.reason), new RegExp(`^${code}: `));
        assert.deepEqual(more, []);
        await arrives(cancellation(order));
        assert.deepEqual(await effects(order), []);
      });

      it('has one effect and one event if it dies between its step and the event', async () => {
        const order = orderWith();
        const dies = () => {
          throw new Error('the process ends here');
        };
        assert.deepEqual(await arrives(trigger(order), { after: dies }), ['failed']);
        assert.deepEqual(await effects(order), participant.effectsOfStep(order));
        assert.deepEqual(await eventTypes(order), []);
        assert.deepEqual(await again(order), ['done']);
        assert.deepEqual(await effects(order), participant.effectsOfStep(order));
        assert.deepEqual(await eventTypes(order), [participant.done.type]);
      });

      it('tries again after a fault, and does not take it for a refusal', async () => {
        const order = orderWith();
        const fails = () => {
          throw new Error('connection lost');
        };
        assert.deepEqual(await arrives(trigger(order), { before: fails }), ['failed']);
        assert.deepEqual([await effects(order), await eventTypes(order)], [[], []]);
        await again(order);
        assert.deepEqual(await eventTypes(order), [participant.done.type]);
      });
    });
  }

  it('holds money until a person looks if the processor refuses to void', async () => {
    const { payment } = CASES;
    const order = orderWith({ paymentMethod: 'pm_sandbox_voidFails' });
    const arrives = (event: ReturnType<typeof eventOf>) =>
      deliver(payment.db(stage), payment.subscriptions(stage), event);
    await arrives(eventOf('order', 'order.created', order));
    assert.deepEqual(await arrives(eventOf('order', 'order.cancelled', { orderId: order.orderId })), ['failed']);
    const waiting = await payment.db(stage).selectFrom('inbox').selectAll().where('state', '=', 'waiting').execute();
    assert.deepEqual(
      waiting.map(({ type, subject, last_error }) => ({ type, subject, last_error })),
      [
        {
          type: 'order.cancelled',
          subject: order.orderId,
          last_error: 'Refusal: this authorization cannot be voided',
        },
      ],
    );
  });
});
