import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { SettingError } from '../../platform/config.ts';
import { takePort, takePorts } from '../../platform/ports.ts';

describe('the ports that npm start takes', () => {
  const taken = createServer();
  let port: number;

  before(async () => {
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as AddressInfo).port;
  });
  after(() => taken.close());

  it('are told by their setting where something listens there already', async () => {
    await assert.rejects(takePort(port, 'PORT'), (error) => {
      assert.ok(error instanceof SettingError);
      assert.equal(error.message, `port ${port} is already in use: set PORT to a free one, or stop what listens there`);
      return true;
    });
  });

  it('are let go of again where one of several is taken', async () => {
    const [free] = Object.values(await takePorts({ PORT: 0 }));
    await assert.rejects(takePorts({ PORT: free!, METRICS_PORT: port }), /METRICS_PORT/);
    assert.equal(await takePort(free!, 'PORT'), free);
  });

  it('are all different where any free one will do', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `P${at}`);
    const ports = Object.values(await takePorts(Object.fromEntries(names.map((name) => [name, 0]))));
    assert.equal(new Set(ports).size, 20);
    // Any above might be given to a connection before somebody listens at it.
    for (const free of ports) assert.ok(free > 10_080 && free < 32_768, String(free));
  });

  it('are different in processes that look for them at the same time', async () => {
    const module = path.join(import.meta.dirname, '../../platform/ports.ts');
    const program = `
      const { takePort } = await import(${JSON.stringify(module)});
      for (let count = 0; count < 100; count += 1) console.log(await takePort(0, 'PORT'));`;
    const processes = Array.from({ length: 3 }, () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]),
    );
    const ports = (await Promise.all(processes)).flatMap(({ stdout }) => stdout.trim().split('\n'));
    assert.equal(new Set(ports).size, 300);
  });

  it('may not be one for two things', async () => {
    await assert.rejects(
      takePorts({ PORT: 3999, METRICS_PORT: 3999 }),
      new SettingError('setting METRICS_PORT: port 3999 is meant for two things'),
    );
  });
});
