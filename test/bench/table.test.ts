import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { PLACES, benchTable, filled, summaryTable } from '../../bench/race/table.ts';
import { figuresOfRow, resultOf } from './builders.ts';

const root = path.join(import.meta.dirname, '../..');

describe('the pages’ figures', () => {
  for (const place of PLACES) {
    it(`in ${place.page} are those of ${place.result}; npm run bench:table writes them`, () => {
      assert.equal(readFileSync(path.join(root, place.page), 'utf8'), filled(place));
    });
  }

  it('begin with the ratios and say where a goal was missed, and by how much', () => {
    const temporal = figuresOfRow('temporal');
    const slow = figuresOfRow('local-first', { rates: [40, 48, 44], ordersPerSecond: 44, cpuMs: { order: 5 } });
    const table = benchTable(resultOf([temporal, slow]));
    assert.match(table, /\| local-first \| 4\.00× \(4\.00 to 4\.00\) \|/);
    assert.match(
      table,
      /\*\*Missed\*\*: local-first has 4\.00× the orders\/s of temporal at 16 clients; .* at least 5\.00×/,
    );
    assert.match(table, /Reached: local-first has 0\.10× the CPU an order of temporal at 16 clients/);
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
