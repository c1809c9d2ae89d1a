import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { parse } from 'yaml';
import { SERVER_SETTINGS } from '../../local/temporal.ts';
import { findTemporal } from '../../local/temporal-binary.ts';
import { freshNamespace, temporalServer } from '../stage/fresh-namespace.ts';
import { scratchFolder } from '../stage/test-run.ts';

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

describe('deploy/temporal-namespace.sh', function () {
  this.timeout(120_000);

  it('makes a namespace and its search attributes with the settings that Compose passes on, most of them empty', async () => {
    const { address } = await temporalServer();
    const namespace = `script-${randomUUID().slice(0, 8)}`;
    const { services } = read('docker-compose.yml') as { services: Record<'temporal-namespace', Server> };
    const given = Object.keys(services['temporal-namespace'].environment).map((name) => [name, '']);
    const folder = scratchFolder();
    symlinkSync(await findTemporal(path.join(root, '.cache')), path.join(folder, 'temporal'));
    const env = {
      ...Object.fromEntries(given),
      PATH: `${folder}:${process.env.PATH}`,
      TEMPORAL_ADDRESS: address,
      TEMPORAL_NAMESPACE: namespace,
    };
    const script = path.join(root, 'deploy/temporal-namespace.sh');
    for (const _time of ['first', 'again']) await promisify(execFile)('sh', [script], { env });
    const connection = await Connection.connect({ address });
    try {
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      assert.deepEqual(
        ['OrderStatus', 'CustomerId'].filter((name) => !(name in customAttributes)),
        [],
      );
    } finally {
      await connection.close();
    }
  });
});

interface Server {
  environment: Record<string, string | number>;
  volumes: string[];
}
