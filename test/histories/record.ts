// `npm run record-histories` records the history of every scenario with the current workflows, in addition to the
// existing histories; one that has the shape of a recorded one adds nothing. Run it after a change of workflows/ and review
// what it adds.
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { concurrently } from '../stage/concurrently.ts';
import { type TestWorkers, startTestWorkers } from '../stage/test-workers.ts';
import { type Recorded, readHistory, readManifest, writeHistory, writeManifest } from './manifest.ts';
import { shapeOf } from './shape.ts';
import { SCENARIOS } from '../stage/scenarios.ts';

describe('recording', function () {
  this.timeout(300_000);
  const test = concurrently(8);
  const generation = fingerprint();
  const added: Recorded[] = [];
  let workers: TestWorkers;
  before(async () => {
    workers = await startTestWorkers();
  });
  after(async () => {
    const known = readManifest();
    writeManifest([...known, ...added].toSorted((one, other) => one.file.localeCompare(other.file)));
    await workers.close();
  });

  const known = new Set(readManifest().map(({ file }) => file));
  const shapes = new Set(readManifest().map(({ file, scenario }) => scenario + shapeOf(readHistory(file))));
  for (const [scenario, play] of Object.entries(SCENARIOS)) {
    const file = `${scenario}.${generation}.json`;
    if (known.has(file)) continue;
    test(file, async () => {
      const handle = await play(workers);
      const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()), withoutStack);
      if (shapes.has(scenario + shapeOf(history))) return;
      writeHistory(file, history);
      added.push({ file, scenario, workflowId: handle.workflowId, sdk: sdkVersion() });
    });
  }
});

/** Removes stacks: they contain the machine's paths, and a replay does not read them. */
const withoutStack = (key: string, value: unknown): unknown => (key === 'stackTrace' ? undefined : value);

/** Identifies this generation of the workflows: changes when any of their files changes. */
function fingerprint(): string {
  const hash = createHash('sha256');
  for (const file of globSync('workflows/**/*.ts').toSorted()) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 8);
}

const sdkVersion = (): string =>
  (createRequire(import.meta.url)('@temporalio/workflow/package.json') as { version: string }).version;
