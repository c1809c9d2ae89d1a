import assert from 'node:assert/strict';
import { type RunningGateway, startGateway } from '../../gateway/start.ts';
import { SettingError } from '../../platform/config.ts';
import { type FreshDatabase, freshDatabase } from '../stage/fresh-database.ts';
import { newKey } from '../stage/test-gateway.ts';

describe('the gateway’s process', () => {
  let database: FreshDatabase<unknown>;
  before(async () => {
    database = await freshDatabase('gateway');
  });
  after(() => database.drop());

  const settings = (difference: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
    PORT: '0',
    METRICS_PORT: '0',
    GATEWAY_DATABASE_URL: database.url,
    SERVICE_TOKEN: 's'.repeat(32),
    CARRIER_CALLBACK_SECRET: 'c'.repeat(32),
    JWT_PRIVATE_KEY: JSON.stringify(newKey('k1')),
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    PRODUCT_URL: 'http://127.0.0.1:1, http://127.0.0.1:2/',
    LOG_LEVEL: 'error',
    ...difference,
  });

  it('serves at one port and its metrics at another, without any service running', async () => {
    const gateway: RunningGateway = await startGateway(settings());
    const [ready, metrics, live, catalogue] = await Promise.all([
      fetch(`${gateway.url}/readyz`),
      fetch(`${gateway.metricsUrl}/metrics`),
      fetch(`${gateway.metricsUrl}/livez`),
      fetch(`${gateway.url}/v1/products`),
    ]);
    const text = await metrics.text();
    await gateway.close();
    assert.deepEqual([ready.status, metrics.status, live.status, catalogue.status], [200, 200, 200, 503]);
    assert.match(text, /^# TYPE orders_created_total counter$/m);
    assert.match(text, /^# TYPE http_request_duration_seconds histogram$/m);
    await assert.rejects(fetch(`${gateway.url}/livez`));
  });

  it('does not start with an invalid setting, and names it in one line', async () => {
    const { d: _private, ...publicKey } = newKey('k1');
    const invalid: NodeJS.ProcessEnv[] = [
      { PORT: '70000' },
      { METRICS_PORT: 'x' },
      { GATEWAY_DATABASE_URL: '' },
      { GATEWAY_DATABASE_URL: 'mysql://x' },
      { SERVICE_TOKEN: 'short' },
      { PRODUCT_URL: 'http://127.0.0.1:1,ftp://x' },
      { ORDER_URL: ',' },
      { JWT_PRIVATE_KEY: '{' },
      { JWT_PRIVATE_KEY: JSON.stringify(publicKey) },
      { JWT_PRIVATE_KEY: JSON.stringify({ ...newKey('k1'), kid: undefined }) },
      { JWT_PRIVATE_KEY: JSON.stringify({ ...newKey('k1'), x: newKey('k2').x }) },
      { JWT_PUBLIC_KEYS: JSON.stringify([newKey('k2')]) },
      { JWT_PUBLIC_KEYS: JSON.stringify([publicKey]) },
      { JWT_PUBLIC_KEYS: JSON.stringify([{ ...publicKey, kid: 'k2', x: 'short' }]) },
      { ACCESS_TOKEN_SECONDS: '5' },
      { OIDC_AUDIENCE: '', OIDC_ISSUER: 'https://id.example' },
      { OIDC_ISSUER: 'http://id.example', OIDC_AUDIENCE: 'shop' },
      { OIDC_ISSUER: 'https://id.example', OIDC_AUDIENCE: 'shop', JWT_ISSUER: 'https://id.example' },
      { OIDC_JWKS_URL: 'ftp://id.example' },
      { OIDC_ALGORITHMS: 'RS256,HS256' },
      { OIDC_ALGORITHMS: 'none' },
      { CARRIER_CALLBACK_SECRET: '' },
      { TEMPORAL_ADDRESS: 'nowhere' },
      { TEMPORAL_TLS_CLIENT_KEY_PATH: '', TEMPORAL_TLS_CLIENT_CERT_PATH: '/nowhere.pem' },
    ];
    for (const difference of invalid) {
      const [name] = Object.keys(difference);
      await assert.rejects(startGateway(settings(difference)), (error: Error) => {
        assert.ok(error instanceof SettingError, name);
        assert.match(error.message, new RegExp(`^setting ${name}: [^\\n]+$`));
        if (name!.startsWith('JWT_')) assert.ok(!error.message.includes('"d"'));
        return true;
      });
    }
  });

  it('does not start if the Temporal server refuses it', async () => {
    const gateway = await startGateway(settings());
    const withoutTls = new URL(gateway.url).host;
    await assert.rejects(
      startGateway(settings({ TEMPORAL_ADDRESS: withoutTls, TEMPORAL_TLS: 'true' })),
      new SettingError(
        `setting TEMPORAL_ADDRESS: ${withoutTls} does not use TLS: unset TEMPORAL_TLS, or set it to false`,
      ),
    );
    await gateway.close();
  });

  it('names the setting if a port is in use', async () => {
    const gateway = await startGateway(settings());
    const { port } = new URL(gateway.metricsUrl);
    for (const setting of ['PORT', 'METRICS_PORT']) {
      await assert.rejects(startGateway(settings({ [setting]: port })), new RegExp(`port ${port} .* set ${setting} `));
    }
    await gateway.close();
  });
});
