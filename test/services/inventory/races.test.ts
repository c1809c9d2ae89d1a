import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mock } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { connect } from '../../../platform/database/connection.ts';
import type { StockLine } from '../../../activities/identity.ts';
import type { InventoryDatabase } from '../../../services/inventory/database.ts';
import { move } from '../../../services/inventory/movement.ts';
import { patiently } from '../../stage/retry-pool-timeout.ts';
import { waitingForLocks } from '../../stage/waiting-for-locks.ts';
import { inventoryBench, orderOf } from '../../stage/test-inventory-service.ts';

describe('inventory under concurrency', () => {
  const bench = inventoryBench();
  const { stocked, balanceOf } = bench;

  it('takes as many statements for 2,000 lines as for one', async () => {
    const lines = Array.from({ length: 2000 }, (_, index) => ({ sku: `BULK-${index}`, quantity: 3 }));
    const statements = mock.method(pg.Client.prototype, 'query').mock;
    const cost = async (chosen: StockLine[]) => {
      statements.resetCalls();
      const [released, shipped] = [orderOf(...chosen), orderOf(...chosen)];
      await bench.activities.restockReturn({ orderId: randomUUID(), returnId: randomUUID(), lines: chosen });
      await bench.activities.reserveStock(released);
      await bench.activities.releaseStock({ orderId: released.orderId });
      await bench.activities.reserveStock(shipped);
      await bench.activities.commitStock({ orderId: shipped.orderId });
      return statements.callCount();
    };
    try {
      const least = await cost(lines.slice(0, 1));
      assert.ok(least > 0);
      assert.equal(await cost(lines), least);
    } finally {
      mock.restoreAll();
    }
    assert.deepEqual(await balanceOf('BULK-1999'), [0, 0, 0]);
  });

  it('gives the last unit to exactly one of 200 buyers', async () => {
    const sku = await stocked(1);
    const buyers = Array.from({ length: 200 }, () => orderOf({ sku, quantity: 1 }));
    const outcomes = await Promise.allSettled(
      buyers.map((buyer) => patiently(() => bench.activities.reserveStock(buyer))),
    );
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal((outcome.reason as { code?: string }).code, 'OutOfStock');
    }
    assert.deepEqual(await balanceOf(sku), [1, 1, 0]);
  });

  it('takes stock that arrives while it waits for the balance', async () => {
    const sku = await stocked(1);
    const wanted = orderOf({ sku, quantity: 8 });
    const owner = connect<InventoryDatabase>(bench.database.ownerUrl, 1);
    let reserving: Promise<void> | undefined;
    await owner.transaction().execute(async (transaction) => {
      const explanation = { reason: 'counted', adjustedBy: 'a' };
      const lines = [{ sku, quantity: 9 }];
      await move(transaction, { kind: 'adjust', subject: randomUUID(), orderId: null, lines, explanation });
      reserving = bench.activities.reserveStock(wanted);
      await waitingForLocks(transaction, 1);
    });
    await reserving;
    await owner.destroy();
    assert.deepEqual(await balanceOf(sku), [10, 8, 2]);
  });

  it('does not deadlock when orders request the same SKUs in opposite order', async () => {
    const skus = await Promise.all(Array.from({ length: 20 }, () => stocked(1000)));
    const lines = skus.map((sku) => ({ sku, quantity: 1 }));
    const orders = Array.from({ length: 60 }, (_, index) => orderOf(...(index % 2 === 0 ? lines : lines.toReversed())));
    await Promise.all(
      orders.map(async (wanted, index) => {
        await patiently(() => bench.activities.reserveStock(wanted));
        await patiently(() =>
          index % 3 === 0
            ? bench.activities.releaseStock({ orderId: wanted.orderId })
            : bench.activities.commitStock({ orderId: wanted.orderId }),
        );
      }),
    );
    assert.deepEqual(await balanceOf(skus[0]!), [960, 0, 960]);
  });

  it('leaves nothing reserved when a release races the reservation', async () => {
    const sku = await stocked(1000);
    await Promise.all(
      Array.from({ length: 25 }, async () => {
        const wanted = orderOf({ sku, quantity: 5 });
        await Promise.allSettled([
          patiently(() => bench.activities.reserveStock(wanted)),
          patiently(() => bench.activities.releaseStock({ orderId: wanted.orderId })),
        ]);
      }),
    );
    assert.deepEqual(await balanceOf(sku), [1000, 0, 1000]);
  });

  it('lets exactly one of a concurrent commit and release succeed', async () => {
    const sku = await stocked(1000);
    const races = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const wanted = orderOf({ sku, quantity: 10 });
        await patiently(() => bench.activities.reserveStock(wanted));
        const outcomes = await Promise.allSettled([
          patiently(() => bench.activities.commitStock({ orderId: wanted.orderId })),
          patiently(() => bench.activities.releaseStock({ orderId: wanted.orderId })),
        ]);
        return outcomes.map(({ status }) => status);
      }),
    );
    const committed = races.filter(([commit]) => commit === 'fulfilled').length;
    for (const [commit, release] of races) assert.notEqual(commit, release);
    assert.deepEqual(await balanceOf(sku), [1000 - 10 * committed, 0, 1000 - 10 * committed]);
  });

  describe('any sequence of operations', () => {
    const position = fc.nat(2);
    const lines = fc.array(fc.record({ position, quantity: fc.integer({ min: 1, max: 6 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    const subject = fc.nat(3);
    const operation = fc.oneof(
      fc.record({ kind: fc.constant('reserve' as const), subject, lines }),
      fc.record({ kind: fc.constantFrom('release' as const, 'commit' as const), subject }),
      fc.record({ kind: fc.constant('restock' as const), subject, lines }),
      fc.record({ kind: fc.constant('adjust' as const), position, delta: fc.integer({ min: -8, max: 12 }) }),
    );
    type Step = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

    /** Performs operations on this run's own SKUs, orders and returns. */
    function createScenario() {
      const skus = Array.from({ length: 3 }, () => `P-${randomUUID()}`);
      const ids = Array.from({ length: 4 }, () => ({ orderId: randomUUID(), returnId: randomUUID() }));
      const linesOf = (chosen: { position: number; quantity: number }[]) =>
        chosen.map(({ position: at, quantity }) => ({ sku: skus[at]!, quantity }));
      const perform = async (step: Step): Promise<unknown> => {
        if (step.kind === 'adjust') {
          const adjustment = { sku: skus[step.position]!, delta: step.delta, reason: 'r', adjustedBy: 'a' };
          return bench.requests.adjustStock({ adjustmentId: randomUUID(), ...adjustment });
        }
        const { orderId, returnId } = ids[step.subject]!;
        if (step.kind === 'reserve') return bench.activities.reserveStock({ orderId, lines: linesOf(step.lines) });
        if (step.kind === 'restock')
          return bench.activities.restockReturn({ orderId, returnId, lines: linesOf(step.lines) });
        return step.kind === 'release'
          ? bench.activities.releaseStock({ orderId })
          : bench.activities.commitStock({ orderId });
      };
      return { skus, perform };
    }

    /** Refusals are outcomes; any other error fails the property. */
    async function outcomeOf(work: Promise<unknown>): Promise<string> {
      try {
        await work;
        return 'done';
      } catch (error) {
        const { code } = error as { code?: string };
        assert.match(code ?? String(error), /^(OutOfStock|InsufficientStock|AlreadyCommitted|NotReserved|Undone)$/);
        return code!;
      }
    }

    it('has the same outcome as a simple model', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 15 }), async (steps) => {
          const { skus, perform } = createScenario();
          const model = createModel();
          for (const step of steps) assert.equal(await outcomeOf(perform(step)), model.perform(step), step.kind);
          const { items } = await bench.requests.getStocks({ skus });
          assert.deepEqual(
            items.map(({ onHand, reserved }) => ({ onHand, reserved })),
            model.balances,
          );
        }),
        { numRuns: 40 },
      );
    });

    it('keeps balances correct and never negative when all operations run at once', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (steps) => {
          const { skus, perform } = createScenario();
          await Promise.all(steps.map((step) => outcomeOf(patiently(() => perform(step)))));
          const { items } = await bench.requests.getStocks({ skus });
          for (const { onHand, reserved, available } of items) assert.ok(Math.min(onHand, reserved, available) >= 0);
          assert.deepEqual(await bench.requests.checkBalances({}), { discrepancies: [] });
        }),
        { numRuns: 25 },
      );
    });

    /** A model of the contract in a few lines of arithmetic. */
    function createModel() {
      const balances = Array.from({ length: 3 }, () => ({ onHand: 0, reserved: 0 }));
      const outcomes = new Map<string, string>();
      const reservations = new Map<number, { position: number; quantity: number }[]>();
      const first = (key: string, decide: () => string) => {
        if (!outcomes.has(key)) outcomes.set(key, decide());
        return outcomes.get(key)!;
      };
      const reserve = (id: number, wanted: { position: number; quantity: number }[]) => {
        const short = balances.some(({ onHand, reserved }, index) => total(wanted, index) > onHand - reserved);
        if (short) return 'OutOfStock';
        for (const line of wanted) balances[line.position]!.reserved += line.quantity;
        reservations.set(id, wanted);
        return 'done';
      };
      const removeReservation = (id: number, stock: 'kept' | 'shipped') => {
        for (const line of reservations.get(id) ?? []) {
          balances[line.position]!.reserved -= line.quantity;
          if (stock === 'shipped') balances[line.position]!.onHand -= line.quantity;
        }
        reservations.delete(id);
        return 'done';
      };
      const perform = (step: Step): string => {
        if (step.kind === 'adjust') {
          const balance = balances[step.position]!;
          if (balance.onHand + step.delta < balance.reserved) return 'InsufficientStock';
          balance.onHand += step.delta;
          return 'done';
        }
        const id = step.subject;
        if (step.kind === 'reserve') return first(`reserve ${id}`, () => reserve(id, step.lines));
        if (step.kind === 'commit') {
          return first(`commit ${id}`, () => (reservations.has(id) ? removeReservation(id, 'shipped') : 'NotReserved'));
        }
        if (step.kind === 'restock') {
          return first(`restock ${id}`, () => {
            for (const line of step.lines) balances[line.position]!.onHand += line.quantity;
            return 'done';
          });
        }
        if (outcomes.get(`commit ${id}`) === 'done') return 'AlreadyCommitted';
        outcomes.set(`reserve ${id}`, 'Undone');
        return removeReservation(id, 'kept');
      };
      return { balances, perform };
    }
  });
});

const total = (lines: { position: number; quantity: number }[], position: number) =>
  lines.reduce((sum, line) => sum + (line.position === position ? line.quantity : 0), 0);
