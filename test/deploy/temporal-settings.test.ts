import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { parse } from 'yaml';
import { SERVER_SETTINGS } from '../../local/temporal.ts';
import { freshNamespace } from '../stage/fresh-namespace.ts';

const root = path.join(import.meta.dirname, '../..');
const read = (file: string): unknown =>
  parse(readFileSync(path.join(root, file), 'utf8'), { merge: true, maxAliasCount: -1 });

describe("the Temporal server's settings", function () {
  this.timeout(120_000);

  it('are the same in a cluster and with npm start', () => {
    const values = read('deploy/temporal-dynamic-config.yaml') as Record<string, [{ value: number }]>;
    const written = Object.entries(values).map(([name, [{ value }]]) => `${name}=${value}`);
    assert.deepEqual(written.toSorted(), SERVER_SETTINGS.toSorted());
  });

  it('do not delay the steps of a saga, with one partition per queue', () => {
    for (const setting of [
      'history.transferProcessorMaxPollRPS=2000',
      'matching.numTaskqueueReadPartitions=1',
      'matching.numTaskqueueWritePartitions=1',
    ]) {
      assert.ok(SERVER_SETTINGS.includes(setting), setting);
    }
  });

  it('apply to a cluster, with the plugin postgres12_pgx', () => {
    const { services } = read('docker-compose.yml') as { services: Record<'temporal', Server> };
    const { environment, volumes } = services.temporal;
    assert.equal(environment.DB, 'postgres12_pgx');
    const [from, to] = volumes[0]!.split(':');
    assert.equal(from, './deploy/temporal-dynamic-config.yaml');
    assert.equal(to, `/etc/temporal/${environment.DYNAMIC_CONFIG_FILE_PATH}`);
  });

  it('are in effect with npm start: a queue has one partition', async () => {
    const { address, namespace } = await freshNamespace();
    const connection = await Connection.connect({ address });
    try {
      const partitions = await connection.workflowService.listTaskQueuePartitions({
        namespace,
        taskQueue: { name: 'order' },
      });
      assert.equal(partitions.workflowTaskQueuePartitions?.length, 1);
      assert.equal(partitions.activityTaskQueuePartitions?.length, 1);
    } finally {
      await connection.close();
    }
  });
});

interface Server {
  environment: Record<string, string | number>;
  volumes: string[];
}
