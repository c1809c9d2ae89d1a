import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { summarizeProfiles } from '../../bench/race/profile.ts';
import { scratchFolder } from '../stage/test-run.ts';

describe('a profile’s summary', () => {
  it('lists what each thread did during the measurement, without idle time', () => {
    const folder = mkdtempSync(path.join(scratchFolder(), 'profiles-'));
    const node = (id: number, functionName: string) => ({ id, callFrame: { functionName, url: '', lineNumber: 0 } });
    mkdirSync(path.join(folder, 'order'));
    const profile = {
      nodes: [node(1, 'load'), node(2, 'work'), node(3, '(idle)'), node(4, 'sing')],
      startTime: 1_000,
      samples: [1, 2, 3, 4, 2, 1],
      timeDeltas: [1_000, 3_000, 5_000, 2_000, 3_000, 1_000],
    };
    writeFileSync(path.join(folder, 'order/one.cpuprofile'), JSON.stringify(profile));
    const summary = summarizeProfiles(folder, [{ from: 3_000, to: 15_500 }]);
    assert.equal(summary, '\norder, a thread that was busy for 8 ms\n   75.0 %  work\n   25.0 %  sing');
  });
});
