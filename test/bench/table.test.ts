import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PLACES, benchTable, comparisonTable, filled, summaryTable } from '../../bench/race/table.ts';
import { livesOf } from '../../bench/race/result.ts';
import { figuresOfRow, lifeOf, resultOf } from './builders.ts';

const root = path.join(import.meta.dirname, '../..');

describe('the pages’ figures', () => {
  for (const place of PLACES) {
    it(`in ${place.page} are those of ${place.result}; npm run bench:table writes them`, () => {
      assert.equal(readFileSync(path.join(root, place.page), 'utf8'), filled(place));
    });
  }

  it('begin with the ratios and say where a goal was missed, and by how much', () => {
    const temporal = figuresOfRow('temporal');
    const slow = figuresOfRow('local-first', { rates: [20, 24, 22], ordersPerSecond: 22 });
    const express = figuresOfRow('express', { cpuMs: { order: 5 } });
    const table = benchTable(resultOf([temporal, slow, express]));
    assert.match(table, /\| local-first \| 2\.00× \(2\.00 to 2\.00\) \|/);
    assert.match(
      table,
      /\*\*Missed\*\*: local-first has 2\.00× the orders\/s of temporal at 16 clients; .* at least 3\.00×/,
    );
    assert.match(table, /Reached: express has 0\.10× the CPU an order of temporal at 16 clients/);
  });

  it('show the flash sale beside the spread, and not among the systems', () => {
    const spread = figuresOfRow('direct', { clients: 64 });
    const flash = { clients: 64, rates: [5, 6, 5.5], ordersPerSecond: 5.5, p50Ms: 300, cpuMs: { order: 60 } };
    const table = benchTable(resultOf([spread, figuresOfRow('direct-flash', flash)]));
    assert.match(table, /\| direct \| 64 \| 0\.50× \(0\.50 to 0\.50\) \| 1\.50× \| 1\.20× \| 5\.5 \|/);
    assert.match(table, /\*\*Missed\*\*: direct-flash has 0\.50× the orders\/s of direct at 64 clients/);
    assert.doesNotMatch(table, /\| direct-flash \|/);
  });

  it('show the CPU of an order’s whole life by its parts, beside Temporal as its samples use it', () => {
    const cpu = { confirmed: { order: 1 }, dispatched: { order: 0.5 }, delivered: {} };
    const lives = livesOf([lifeOf(), lifeOf({ row: 'express', cpu })]);
    const table = benchTable({ ...resultOf([figuresOfRow('temporal')]), lives });
    assert.match(table, /\| temporal \| 1 \| 500\.0 \| 200\.0 \| 200\.0 \| 100\.0 \|/);
    assert.match(table, /\| express \| 0\.30× \(0\.30 to 0\.30\) \| 150\.0 \| 100\.0 \| 50\.0 \| 0\.0 \|/);
    assert.doesNotMatch(benchTable(resultOf([figuresOfRow('temporal')])), /whole life/);
  });

  it('compare two commits, with the goal', () => {
    const now = figuresOfRow('direct', { cpuMsOfRounds: [35, 40, 45] });
    const table = comparisonTable({ ...resultOf([now, figuresOfRow('direct at abc')]), base: 'abc' });
    assert.match(table, /\| direct to direct at abc \| 16 \| 0\.80× \(0\.70 to 0\.90\) \|/);
    assert.match(table, /Reached: direct has 0\.80× the CPU an order of direct at abc at 16 clients/);
  });

  it('on the front page are at most six rows, each beside Temporal as its samples use it', () => {
    const rows = ['direct', 'temporal', 'restate', 'dbos', 'durable', 'local-first', 'express', 'local-first-gateway'];
    const table = summaryTable(
      resultOf(rows.map((row) => figuresOfRow(row, { rates: [row === 'temporal' ? 10 : 30] }))),
    );
    const [head, , ...shown] = table.split('\n');
    assert.match(head!, /^\| 16 clients \| orders\/s to temporal \|/);
    assert.deepEqual(
      shown.map((row) => row.split(' | ').slice(0, 2)),
      [
        ['| restate', '3.00× (3.00 to 3.00)'],
        ['| dbos', '3.00× (3.00 to 3.00)'],
        ['| temporal', '1'],
        ['| durable', '3.00× (3.00 to 3.00)'],
        ['| local-first', '3.00× (3.00 to 3.00)'],
        ['| express', '3.00× (3.00 to 3.00)'],
      ],
    );
  });
});
