import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { HOLDERS, misplacedSecrets } from '../../deploy/try-containers/secrets.ts';
import { isSecretName } from '../stage/declared-settings.ts';

const root = path.join(import.meta.dirname, '../..');

interface Described {
  environment?: Record<string, string | number>;
}

describe('try-containers', () => {
  const settings = parseEnv(execFileSync(process.execPath, ['deploy/make-env.mjs'], { cwd: root, encoding: 'utf8' }));
  const { services } = parse(readFileSync(path.join(root, 'docker-compose.yml'), 'utf8'), {
    merge: true,
    maxAliasCount: -1,
  }) as { services: Record<string, Described> };
  const containers = Object.entries(services).map(([service, { environment = {} }]) => ({
    service,
    environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
  }));
  // The names themselves are the values: docker-compose.yml has them where a container has the secret.
  const secrets = Object.fromEntries(Object.keys(HOLDERS).map((name) => [name, `\${${name}:`]));

  it('knows the holders of every generated secret', () => {
    const generated = Object.keys(settings).filter((name) => isSecretName(name) && settings[name] !== '');
    assert.ok(generated.length > 10);
    assert.deepEqual(
      generated.filter((name) => !(name in HOLDERS)),
      [],
    );
  });

  it('expects each secret where docker-compose.yml puts it', () => {
    assert.deepEqual(misplacedSecrets(secrets, containers), []);
  });

  it('finds a secret that a container should not know, one that it lacks, and one without holders', () => {
    const stripe = { service: 'gateway', environment: ['A=1', `B=x${secrets.STRIPE_API_KEY!}y`] };
    const others = containers.filter(({ service }) => service !== 'gateway' && service !== 'user');
    assert.deepEqual(misplacedSecrets({ STRIPE_API_KEY: secrets.STRIPE_API_KEY! }, [...others, stripe]), [
      'gateway knows STRIPE_API_KEY',
    ]);
    assert.deepEqual(
      misplacedSecrets({ ADMIN_PASSWORD: secrets.ADMIN_PASSWORD! }, [{ service: 'user', environment: [] }]),
      ['user does not know ADMIN_PASSWORD'],
    );
    assert.deepEqual(misplacedSecrets({ NEW_SECRET: 'x' }, containers), ['NEW_SECRET has no list of holders']);
  });
});
