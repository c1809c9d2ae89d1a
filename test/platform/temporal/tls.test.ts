import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { prepareNamespace } from '../../../local/temporal-namespace.ts';
import { SettingError } from '../../../platform/config.ts';
import { checkTemporal } from '../../../platform/temporal/check.ts';
import { createTemporalClient, promptly } from '../../../platform/temporal/client.ts';
import { type TemporalPlace, readTemporalPlace } from '../../../platform/temporal/place.ts';
import { keepWorking } from '../../../platform/temporal/worker.ts';
import { createLogger } from '../../../platform/telemetry/logger.ts';
import { type Authority, type Certificate, createAuthority } from '../../stage/certificates.ts';
import { eventually } from '../../stage/eventually.ts';
import { freshNamespace } from '../../stage/fresh-namespace.ts';
import { type TemporalProxy, startTemporalProxy } from '../../stage/temporal-proxy.ts';
import { scratchFolder } from '../../stage/test-run.ts';

const API_KEY = 'a key of Temporal Cloud';

describe('a Temporal server with TLS', function () {
  this.timeout(120_000);
  let authority: Authority;
  let stranger: Authority;
  let client: Certificate;
  let place: TemporalPlace;
  const proxies: TemporalProxy[] = [];
  const logger = createLogger('test', 'error');

  before(async () => {
    [authority, stranger, place] = await Promise.all([
      createAuthority(),
      createAuthority('Stranger'),
      freshNamespace(),
    ]);
    client = await authority.issue();
  });
  after(() => Promise.all(proxies.map((proxy) => proxy.close())));

  async function proxyWith(options: { clientCa?: string; apiKey?: string; certificate?: Certificate } = {}) {
    const certificate = options.certificate ?? (await authority.issue());
    const proxy = await startTemporalProxy({ target: place.address, certificate, ...options });
    proxies.push(proxy);
    return proxy;
  }
  const settings = (proxy: TemporalProxy, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_NAMESPACE: place.namespace,
    TEMPORAL_TLS_SERVER_CA_CERT_DATA: authority.cert,
    ...more,
  });
  const shown = ({ cert, key }: Certificate): NodeJS.ProcessEnv => ({
    TEMPORAL_TLS_CLIENT_CERT_DATA: cert,
    TEMPORAL_TLS_CLIENT_KEY_DATA: key,
  });

  /** Both ways to connect: a client, and a worker until it polls. */
  async function use(environment: NodeJS.ProcessEnv): Promise<void> {
    const there = readTemporalPlace(environment);
    await checkTemporal(there);
    await prepareNamespace(there);
    const temporal = createTemporalClient(there);
    const worker = keepWorking(there, { taskQueue: 'tls', activities: { async nothing() {} } }, logger);
    try {
      const { count } = await promptly(temporal, () => temporal.workflow.count());
      assert.equal(count, 0);
      await eventually(() => worker.ready(), 30_000);
    } finally {
      await worker.close();
      await temporal.connection.close();
    }
  }

  it('is used by clients and workers that trust its certificate authority', async () => {
    await use(settings(await proxyWith()));
    const proxy = await proxyWith();
    await use(settings(proxy, { TEMPORAL_ADDRESS: proxy.address.replace('127.0.0.1', 'localhost') }));
    assert.deepEqual([...proxy.serverNames], ['localhost']);
  });

  it('is used with a client certificate, from files', async () => {
    const folder = scratchFolder();
    const [cert, key] = [path.join(folder, 'client.pem'), path.join(folder, 'client.key')];
    writeFileSync(cert, client.cert);
    writeFileSync(key, client.key);
    const files = { TEMPORAL_TLS_CLIENT_CERT_PATH: cert, TEMPORAL_TLS_CLIENT_KEY_PATH: key };
    await use(settings(await proxyWith({ clientCa: authority.cert }), files));
  });

  it('is used with an API key, which every request carries', async () => {
    const proxy = await proxyWith({ apiKey: API_KEY });
    await use(settings(proxy, { TEMPORAL_API_KEY: API_KEY }));
    assert.deepEqual([...proxy.authorizations], [`Bearer ${API_KEY}`]);
  });

  it('is used by a name other than its address', async () => {
    const certificate = await authority.issue({ dns: 'temporal.example' });
    await use(settings(await proxyWith({ certificate }), { TEMPORAL_TLS_SERVER_NAME: 'temporal.example' }));
  });

  const refused: Record<string, [environment: () => Promise<NodeJS.ProcessEnv>, message: RegExp]> = {
    'a client certificate of another authority': [
      async () => settings(await proxyWith({ clientCa: authority.cert }), shown(await stranger.issue())),
      /refuses the TLS handshake .*TEMPORAL_TLS_CLIENT_CERT_PATH/,
    ],
    'no client certificate': [
      async () => settings(await proxyWith({ clientCa: authority.cert })),
      /refuses the TLS handshake \(alert certificate required\).*TEMPORAL_TLS_CLIENT_CERT_PATH/,
    ],
    'a wrong API key': [
      async () => settings(await proxyWith({ apiKey: API_KEY }), { TEMPORAL_API_KEY: 'another' }),
      /^setting TEMPORAL_API_KEY: .* refuses it \(Request unauthorized/,
    ],
    'a server certificate of an authority that is not trusted': [
      async () => settings(await proxyWith({ certificate: await stranger.issue() })),
      /certificate that is not trusted .*TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
    ],
    'a server certificate for another name': [
      async () => settings(await proxyWith({ certificate: await authority.issue({ dns: 'temporal.example' }) })),
      /certificate for another name: set TEMPORAL_TLS_SERVER_NAME/,
    ],
    'a server without TLS': [
      async () => ({ TEMPORAL_ADDRESS: place.address, TEMPORAL_TLS: 'true' }),
      /does not use TLS/,
    ],
  };
  for (const [what, [environment, message]] of Object.entries(refused)) {
    it(`is refused at the start, in one line: ${what}`, async () => {
      const there = readTemporalPlace(await environment());
      for (const start of [checkTemporal, prepareNamespace]) {
        await assert.rejects(
          start(there),
          (error) => error instanceof SettingError && message.test(error.message) && !error.message.includes('\n'),
        );
      }
    });
  }

  it('may be down when a process starts', async () => {
    const proxy = await startTemporalProxy({ target: place.address, certificate: client });
    await proxy.close();
    await checkTemporal(readTemporalPlace(settings(proxy, { TEMPORAL_API_KEY: API_KEY })));
    // A load balancer without a server behind it.
    const balancer = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(balancer, 'listening');
    const { port } = balancer.address() as AddressInfo;
    await checkTemporal(readTemporalPlace(settings(proxy, { TEMPORAL_ADDRESS: `127.0.0.1:${port}` })));
    balancer.close();
  });
});
