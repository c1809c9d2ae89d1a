import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { sql } from 'kysely';
import { patiently } from '../../stage/retry-pool-timeout.ts';
import { PartsModel, SKUS, type Step, linesOf } from './parts-model.ts';
import { inventoryBench } from '../../stage/test-inventory-service.ts';

describe('inventory: parts of an order in any sequence', () => {
  const bench = inventoryBench();
  const { stocked } = bench;

  const order = fc.nat(1);
  const parcel = fc.nat(2);
  // An id of its own: the order's first parcel is never sent again under the same one.
  const further = fc.integer({ min: 1, max: 2 });
  const lines = fc.array(fc.record({ sku: fc.nat(SKUS - 1), quantity: fc.integer({ min: 1, max: 4 }) }), {
    minLength: 1,
    maxLength: 2,
  });
  const whole = fc.constantFrom('reserve' as const, 'releaseAll' as const, 'commitAll' as const);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ kind: whole, order, lines }),
    fc.record({ kind: fc.constantFrom('commit' as const, 'restock' as const), order, parcel, lines }),
    fc.record({
      kind: fc.constantFrom('reserveParcel' as const, 'releaseParcel' as const),
      order,
      parcel: further,
      lines,
    }),
    fc.record({ kind: fc.constant('releaseLines' as const), order, release: fc.nat(1), lines }),
  );
  const ON_HAND = 12;

  /** Performs steps on this run's own SKUs and orders. */
  async function createScenario() {
    const skus = await Promise.all(Array.from({ length: SKUS }, () => stocked(ON_HAND)));
    const orders = Array.from({ length: 2 }, () => {
      const orderId = randomUUID();
      return { orderId, parcels: [orderId, randomUUID(), randomUUID()], releases: [randomUUID(), randomUUID()] };
    });
    const call = (one: Step): Promise<unknown> => {
      const { orderId, parcels, releases } = orders[one.order]!;
      const wanted = linesOf(one.lines, skus);
      if (one.kind === 'reserve') return bench.activities.reserveStock({ orderId, lines: wanted });
      if (one.kind === 'releaseAll') return bench.activities.releaseStock({ orderId });
      if (one.kind === 'commitAll') return bench.activities.commitStock({ orderId });
      if (one.kind === 'releaseLines') {
        return bench.activities.releaseLines({ orderId, releaseId: releases[one.release]!, lines: wanted });
      }
      const parcelId = parcels[(one as { parcel: number }).parcel]!;
      if (one.kind === 'commit') return bench.activities.commitStock({ orderId, parcelId, lines: wanted });
      if (one.kind === 'reserveParcel') return bench.activities.reserveParcel({ orderId, parcelId, lines: wanted });
      if (one.kind === 'releaseParcel') return bench.activities.releaseParcel({ orderId, parcelId });
      return bench.activities.restockParcel({ orderId, parcelId, lines: wanted });
    };
    /** Refusals are outcomes; any other error fails the property. */
    const perform = (one: Step): Promise<string> =>
      patiently(() => call(one)).then(
        () => 'done',
        (error: Error & { code?: string }) => {
          // A compensation and a repeat of its step: PostgreSQL ends one of them, which the workflow repeats.
          if (error.code === DEADLOCK) return perform(one);
          assert.match(error.code ?? error.message, /^(OutOfStock|AlreadyCommitted|NotReserved|Undone)$/);
          return error.code!;
        },
      );
    /** Pieces on hand of each SKU, and what is still reserved of it for each order. */
    const standing = async () => ({
      onHand: (await bench.requests.getStocks({ skus })).items.map(({ onHand }) => onHand),
      left: await Promise.all(orders.map(({ orderId }) => leftOf(orderId, skus))),
    });
    return { perform, standing };
  }

  async function leftOf(orderId: string, skus: readonly string[]): Promise<number[]> {
    const { rows } = await sql<{ sku: string; quantity: number }>`
      select sku, sum(reserved_delta)::int as quantity from stock_ledger where order_id = ${orderId} group by sku`.execute(
      bench.database.db,
    );
    return skus.map((sku) => rows.find((row) => row.sku === sku)?.quantity ?? 0);
  }

  const standingOf = ({ onHand, left }: PartsModel) => ({
    onHand,
    left: [0, 1].map((one) => left.get(one) ?? [0, 0]),
  });

  it('are as in a simple model', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 16 }), async (steps) => {
        const { perform, standing } = await createScenario();
        const model = new PartsModel(ON_HAND);
        for (const one of steps) assert.equal(await perform(one), model.perform(one), one.kind);
        assert.deepEqual(await standing(), standingOf(model));
      }),
      { numRuns: 60 },
    );
  });

  it('end as after some sequence when they happen at once', async function () {
    this.timeout(60_000);
    const before = fc.array(step, { maxLength: 3 });
    const reservation = fc.record({ kind: fc.constant('reserve' as const), order: fc.constant(0), lines });
    const ofOne = step.map((one) => ({ ...one, order: 0 }));
    const atOnce = fc.array(ofOne, { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(reservation, before, atOnce, async (reserve, sequence, steps) => {
        const { perform, standing } = await createScenario();
        for (const one of [reserve, ...sequence]) await perform(one);
        const outcomes = await Promise.all(steps.map(perform));
        const found = { outcomes, ...(await standing()) };
        const possible = permutations(steps.map((_, index) => index)).map((places) => {
          const model = new PartsModel(ON_HAND);
          for (const one of [reserve, ...sequence]) model.perform(one);
          const results = new Map(places.map((place) => [place, model.perform(steps[place]!)]));
          return { outcomes: steps.map((_, index) => results.get(index)), ...standingOf(model) };
        });
        assert.ok(
          possible.some((one) => JSON.stringify(one) === JSON.stringify(found)),
          `${JSON.stringify(found)} is none of ${possible.map((one) => JSON.stringify(one)).join(' ')}`,
        );
      }),
      { numRuns: 100 },
    );
  });
});

/** SQLSTATE `deadlock_detected`. */
const DEADLOCK = '40P01';

const permutations = (items: readonly number[]): number[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((first) => permutations(items.filter((one) => one !== first)).map((rest) => [first, ...rest]));
