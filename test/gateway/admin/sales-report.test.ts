import assert from 'node:assert/strict';
import { type Harness, startHarness } from '../../stage/test-gateway.ts';

describe('the sales report at the gateway', () => {
  let gateway: Harness;
  before(async () => {
    gateway = await startHarness();
  });
  after(() => gateway.close());

  const report = (query: string, as = gateway.admin) => gateway.call(`GET /v1/admin/reports/sales${query}`, { as });
  const pounds = (amountMinor: number) => ({ amountMinor, currency: 'GBP' });
  const sales = { orders: 2, pieces: 7, gross: pounds(5_000_000_000_000), refunded: pounds(0) };

  it('says what it is about', async () => {
    gateway.services.store.salesReport = { rows: [{ key: '2026-01-05', ...sales }], totals: [sales] };
    const { status, body } = await report('?by=day&from=2026-01-01&to=2026-01-31');
    assert.equal(status, 200);
    const period = { by: 'day', from: '2026-01-01T00:00:00.000Z', before: '2026-02-01T00:00:00.000Z' };
    assert.deepEqual(body, { ...period, rows: [{ key: '2026-01-05', ...sales }], totals: [sales] });
    assert.deepEqual(gateway.services.store.listed.pop(), period);
  });

  it('is about the last thirty days by default', async () => {
    assert.equal((await report('?by=sku')).status, 200);
    const { from, before } = gateway.services.store.listed.pop() as { from: string; before: string };
    assert.ok(Math.abs(Date.parse(before) - Date.now()) < 60_000);
    assert.equal(Date.parse(before) - Date.parse(from), 30 * 24 * 60 * 60 * 1000);
    assert.equal((await report('?by=country&to=2026-03-31')).status, 200);
    const { from: first } = gateway.services.store.listed.pop() as { from: string };
    assert.equal(first, '2026-03-02T00:00:00.000Z');
    assert.equal((await report('?by=day&to=0001-01-02')).status, 200);
    const { from: earliest } = gateway.services.store.listed.pop() as { from: string };
    assert.equal(earliest, '0001-01-01T00:00:00.000Z');
  });

  it('is about a year at most', async () => {
    assert.equal((await report('?by=day&from=2024-01-01&to=2024-12-31')).status, 200);
    const { status, body } = await report('?by=day&from=2024-01-01&to=2025-01-01');
    assert.deepEqual([status, body.code, body.errors[0]!.pointer], [400, 'InvalidRequest', '/from']);
    assert.equal((await report('?by=day&from=2020-01-01')).status, 400);
  });

  it('is by day, SKU or country, and for staff only', async () => {
    assert.equal((await report('')).status, 200);
    for (const query of ['?by=month', '?from=yesterday', '?to=2026-02-30', '?from=0000-01-01', '?by=day&currency=GBP'])
      assert.equal((await report(query)).status, 400, query);
    assert.equal((await report('?by=day', gateway.customer)).status, 403);
  });
});
