import assert from 'node:assert/strict';
import type { StockLine } from '../../../activities/identity.ts';
import { kettle, orderStage, pounds, teapots } from './test-order-service.ts';

describe('order service: the prices of parcels', () => {
  const stage = orderStage();
  const read = (orderId: string) => stage.requests.getOrder({ orderId });
  const dispatch = (orderId: string, parcelId: string) =>
    stage.activities.dispatchOrder({ ...stage.note(orderId), parcelId });
  const capture = (orderId: string, parcelId: string) =>
    stage.activities.captureOrder({ ...stage.note(orderId), parcelId });
  const rows = (orderId: string) =>
    stage.database.db.selectFrom('parcels').selectAll().where('order_id', '=', orderId).orderBy('position').execute();

  it('contain pieces of one SKU at the prices of their lines, to the last minor unit', async () => {
    const line = (quantity: number, amountMinor: number) => ({
      sku: 'cup',
      name: 'Cup',
      quantity,
      unitPrice: pounds(amountMinor),
    });
    const orderId = await stage.confirmed({ lines: [line(2, 333), line(3, 500)], total: pounds(2166) });
    const cups = (quantity: number): StockLine[] => [{ sku: 'cup', quantity }];
    assert.deepEqual((await read(orderId)).parcels?.[0]?.lines, cups(5));
    const ids = await stage.split(orderId, [cups(1), cups(3), cups(1)]);
    assert.deepEqual(
      (await rows(orderId)).map(({ price_minor }) => price_minor),
      [2166, 333, 333 + 2 * 500, 500],
    );
    let sum = 0;
    for (const parcelId of ids) {
      const { amount } = await dispatch(orderId, parcelId);
      sum += amount!.amountMinor;
      await capture(orderId, parcelId);
    }
    assert.equal(sum, 2166);
    assert.deepEqual(await stage.statuses(orderId), ['confirmed', 'captured', 'shipped']);
  });

  it('add up to the order’s total where that is not the sum of its lines', async () => {
    const orderId = await stage.confirmed({ total: pounds(6000) });
    await stage.split(orderId, [[teapots(3)], [kettle]]);
    const prices = (await rows(orderId)).map(({ price_minor }) => price_minor);
    assert.deepEqual(prices, [6000, 3000, 3000]);
  });
});
