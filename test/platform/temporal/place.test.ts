import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SettingError } from '../../../platform/config.ts';
import { type TemporalPlace, isTemporalSetting, readTemporalPlace } from '../../../platform/temporal/place.ts';
import { type Certificate, createAuthority } from '../../stage/certificates.ts';
import { scratchFolder } from '../../stage/test-run.ts';

describe('the settings of the connection to Temporal', () => {
  let client: Certificate;
  let other: Certificate;
  let ca: string;
  before(async () => {
    const authority = await createAuthority();
    [ca, client, other] = [authority.cert, await authority.issue(), await authority.issue()];
  });

  const file = (name: string, text: string): string => {
    const created = path.join(scratchFolder(), name);
    writeFileSync(created, text);
    return created;
  };
  const tlsOf = ({ tls }: TemporalPlace) => {
    assert.ok(typeof tls === 'object');
    const text = (pem?: Uint8Array) => pem && Buffer.from(pem).toString();
    return {
      ca: text(tls.serverRootCACertificate),
      cert: text(tls.clientCertPair?.crt),
      key: text(tls.clientCertPair?.key),
      name: tls.serverNameOverride,
    };
  };

  it('default to a server on this machine, without TLS', () => {
    assert.deepEqual(readTemporalPlace({}), { address: '127.0.0.1:7233', namespace: 'default' });
    assert.deepEqual(readTemporalPlace({ TEMPORAL_ADDRESS: '', TEMPORAL_API_KEY: '', TEMPORAL_TLS: '' }), {
      address: '127.0.0.1:7233',
      namespace: 'default',
    });
  });

  it('take certificates from files or from variables', () => {
    const expected = { ca, ...client, name: 'temporal.example' };
    const fromFiles = readTemporalPlace({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_NAMESPACE: 'shop',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: file('ca.pem', ca),
      TEMPORAL_TLS_CLIENT_CERT_PATH: file('client.pem', client.cert),
      TEMPORAL_TLS_CLIENT_KEY_PATH: file('client.key', client.key),
      TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
    });
    assert.deepEqual([fromFiles.address, fromFiles.namespace], ['temporal.example:7233', 'shop']);
    assert.deepEqual(tlsOf(fromFiles), expected);
    const fromVariables = readTemporalPlace({
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: ca,
      TEMPORAL_TLS_CLIENT_CERT_DATA: client.cert,
      TEMPORAL_TLS_CLIENT_KEY_DATA: client.key,
      TEMPORAL_TLS_SERVER_NAME: 'temporal.example',
    });
    assert.deepEqual(tlsOf(fromVariables), expected);
  });

  it('use TLS with an API key unless it is turned off', () => {
    assert.equal(readTemporalPlace({ TEMPORAL_API_KEY: 'key' }).tls, true);
    assert.equal(readTemporalPlace({ TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'false' }).tls, undefined);
    assert.ok(readTemporalPlace({ TEMPORAL_TLS: 'true' }).tls);
  });

  it('come from a profile of the command line, which variables override', () => {
    const toml = file(
      'temporal.toml',
      `[profile.default]
       address = "default.example:7233"
       [profile.shop]
       address = "shop.example:7233"
       namespace = "shop"
       api_key = "from the file"
       [profile.shop.grpc_meta]
       Team-Name = "orders"`,
    );
    assert.equal(readTemporalPlace({ TEMPORAL_CONFIG_FILE: toml }).address, 'default.example:7233');
    assert.deepEqual(
      readTemporalPlace({ TEMPORAL_CONFIG_FILE: toml, TEMPORAL_PROFILE: 'shop', TEMPORAL_API_KEY: 'key' }),
      {
        address: 'shop.example:7233',
        namespace: 'shop',
        apiKey: 'key',
        tls: true,
        metadata: { 'team-name': 'orders' },
      },
    );
  });

  it('do not come from the signed-in person’s file, unless a profile is named', () => {
    const home = scratchFolder();
    mkdirSync(path.join(home, 'temporalio'), { recursive: true });
    file('temporalio/temporal.toml', '[profile.default]\naddress = "production.example:7233"');
    assert.equal(readTemporalPlace({ XDG_CONFIG_HOME: home }).address, '127.0.0.1:7233');
    const named = readTemporalPlace({ XDG_CONFIG_HOME: home, TEMPORAL_PROFILE: 'default' });
    assert.equal(named.address, 'production.example:7233');
  });

  const wrong: Record<string, [environment: () => NodeJS.ProcessEnv, message: RegExp]> = {
    'an address without a port': [
      () => ({ TEMPORAL_ADDRESS: 'temporal' }),
      /^setting TEMPORAL_ADDRESS: must be host:port/,
    ],
    'an address in a profile without a port': [
      () => ({ TEMPORAL_CONFIG_FILE: file('bad.toml', '[profile.default]\naddress = "temporal"') }),
      /^setting TEMPORAL_ADDRESS: must be host:port/,
    ],
    'TLS that is neither on nor off': [() => ({ TEMPORAL_TLS: 'yes' }), /^setting TEMPORAL_TLS: must be true or false/],
    'a certificate without its key': [
      () => ({ TEMPORAL_TLS_CLIENT_CERT_DATA: client.cert }),
      /^setting TEMPORAL_TLS_CLIENT_KEY_PATH: is not set/,
    ],
    'a key without its certificate': [
      () => ({ TEMPORAL_TLS_CLIENT_KEY_DATA: client.key }),
      /^setting TEMPORAL_TLS_CLIENT_CERT_PATH: is not set/,
    ],
    'the key of another certificate': [
      () => ({ TEMPORAL_TLS_CLIENT_CERT_DATA: client.cert, TEMPORAL_TLS_CLIENT_KEY_DATA: other.key }),
      /^setting TEMPORAL_TLS_CLIENT_KEY_PATH: is not the key of TEMPORAL_TLS_CLIENT_CERT_PATH$/,
    ],
    'a certificate that is none': [
      () => ({ TEMPORAL_TLS_CLIENT_CERT_DATA: 'none', TEMPORAL_TLS_CLIENT_KEY_DATA: client.key }),
      /^setting TEMPORAL_TLS_CLIENT_CERT_PATH: cannot be read/,
    ],
    'a key that is none': [
      () => ({ TEMPORAL_TLS_CLIENT_CERT_DATA: client.cert, TEMPORAL_TLS_CLIENT_KEY_DATA: 'none' }),
      /^setting TEMPORAL_TLS_CLIENT_KEY_PATH: cannot be read/,
    ],
    'a missing file': [
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/nowhere/ca.pem' }),
      /^setting TEMPORAL_TLS_SERVER_CA_CERT_PATH: cannot be read .*\/nowhere\/ca\.pem/,
    ],
    'a certificate both as a file and as a variable': [
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: '/a', TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'a' }),
      /^setting TEMPORAL_TLS: Cannot specify both/,
    ],
    'unverified hosts, which the SDK does not have': [
      () => ({ TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: 'true' }),
      /^setting TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: is not supported/,
    ],
    'a missing configuration file': [
      () => ({ TEMPORAL_CONFIG_FILE: '/nowhere/temporal.toml' }),
      /^setting TEMPORAL_CONFIG_FILE: .*\/nowhere\/temporal\.toml/,
    ],
    'a configuration file that is no TOML': [
      () => ({ TEMPORAL_CONFIG_FILE: file('none.toml', 'address: here') }),
      /^setting TEMPORAL_CONFIG_FILE: Invalid TOML/,
    ],
    'a configuration file without profiles': [
      () => ({ TEMPORAL_CONFIG_FILE: file('empty.toml', '') }),
      /^setting TEMPORAL_CONFIG_FILE: the file has no table/,
    ],
    'an unknown profile': [
      () => ({ TEMPORAL_CONFIG_FILE: file('one.toml', '[profile.default]'), TEMPORAL_PROFILE: 'shop' }),
      /^setting TEMPORAL_CONFIG_FILE: Profile 'shop' not found/,
    ],
  };
  for (const [what, [environment, message]] of Object.entries(wrong)) {
    it(`refuse ${what} in one line`, () => {
      assert.throws(
        () => readTemporalPlace(environment()),
        (error) => error instanceof SettingError && message.test(error.message) && !error.message.includes('\n'),
      );
    });
  }

  it('are all that other processes must not get', () => {
    assert.ok(isTemporalSetting('TEMPORAL_API_KEY') && isTemporalSetting('TEMPORAL_GRPC_META_TEAM'));
    assert.ok(!isTemporalSetting('TEMPORAL_PORT') && !isTemporalSetting('TEMPORAL_CACHE_DIR'));
  });
});
