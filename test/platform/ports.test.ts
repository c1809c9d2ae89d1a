import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { SettingError } from '../../platform/config.ts';
import { takePort, takePorts, takePrivatePort } from '../../platform/ports.ts';

describe('ports taken by npm start', () => {
  const taken = createServer();
  let port: number;

  before(async () => {
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    port = (taken.address() as AddressInfo).port;
  });
  after(() => taken.close());

  it('are reported with their setting if they are in use', async () => {
    await assert.rejects(takePort(port, 'PORT'), (error) => {
      assert.ok(error instanceof SettingError);
      assert.equal(
        error.message,
        `port ${port} is already in use: set PORT to a free port, or stop the program that listens there`,
      );
      return true;
    });
  });

  it('are all released if one of several is in use', async () => {
    const [free] = Object.values(await takePorts({ PORT: 0 }));
    await assert.rejects(takePorts({ PORT: free!, METRICS_PORT: port }), /METRICS_PORT/);
    assert.equal(await takePort(free!, 'PORT'), free);
  });

  it('all differ when any free port may be used', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `P${at}`);
    const ports = Object.values(await takePorts(Object.fromEntries(names.map((name) => [name, 0]))));
    assert.equal(new Set(ports).size, 20);
    // A higher port could be taken by an outgoing connection before a server listens on it.
    for (const free of ports) assert.ok(free > 10_080 && free < 20_000, String(free));
  });

  it('are never those that a process takes for itself: another one may listen later on a port that was free', async () => {
    const own = await takePrivatePort('metrics');
    // Below the ephemeral range, and above all that are searched for others.
    assert.ok(own >= 28_000 && own < 32_768, String(own));
  });

  it('differ between processes that search at the same time', async () => {
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

  it('may not be used twice', async () => {
    await assert.rejects(
      takePorts({ PORT: 3999, METRICS_PORT: 3999 }),
      new SettingError('setting METRICS_PORT: port 3999 is used twice'),
    );
  });
});
