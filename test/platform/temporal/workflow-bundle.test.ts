import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { workflowBundle } from '../../../platform/temporal/workflow-bundle.ts';
import { scratchFolder } from '../../stage/test-run.ts';

describe('the workflow bundle', function () {
  this.timeout(60_000);

  it('is built once for concurrent callers, and cached', async () => {
    const cache = mkdtempSync(path.join(scratchFolder(), 'bundle-'));
    const [{ codePath }, other] = await Promise.all([workflowBundle(cache), workflowBundle(cache)]);
    assert.equal(other.codePath, codePath);
    assert.ok(path.isAbsolute(codePath));
    assert.deepEqual(readdirSync(cache), [path.basename(codePath)]);
    utimesSync(codePath, 1, 1);
    assert.deepEqual(await workflowBundle(cache), { codePath });
    assert.equal(statSync(codePath).mtimeMs, 1000, 'it was rebuilt although nothing had changed');
  });
});
