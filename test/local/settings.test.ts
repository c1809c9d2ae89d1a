import assert from 'node:assert/strict';
import { SettingError } from '../../platform/config.ts';
import { helpText } from '../../local/help.ts';
import { UsageError, readArguments, readStartSettings, startSettings } from '../../local/settings.ts';

describe('the settings of npm start', () => {
  it('have defaults', () => {
    const settings = readStartSettings({});
    assert.equal(settings.PORT, 3000);
    assert.equal(settings.DATA_DIR, '.data');
    assert.equal(settings.DATABASE_URL, undefined);
    assert.equal(settings.existingTemporal, undefined);
  });

  it('name an existing Temporal server by its address, or by a profile of the command line', () => {
    const { existingTemporal } = readStartSettings({ TEMPORAL_ADDRESS: 'shop.tmprl.cloud:7233' });
    assert.deepEqual(existingTemporal, { address: 'shop.tmprl.cloud:7233', namespace: 'default' });
    assert.throws(() => readStartSettings({ TEMPORAL_PROFILE: 'nobody', HOME: '/nowhere' }), /TEMPORAL_PROFILE/);
    const own = readStartSettings({ TEMPORAL_NAMESPACE: 'shop', HOME: '/nowhere' });
    assert.deepEqual([own.existingTemporal, own.TEMPORAL_NAMESPACE], [undefined, 'shop']);
  });

  const wrong: Record<string, string> = {
    PORT: '70000',
    METRICS_PORT: 'many',
    TEMPORAL_ADDRESS: 'http://127.0.0.1:7233',
    DATABASE_URL: 'mysql://root@127.0.0.1/shop',
    CARRIER_PACE_SECONDS: '-1',
    RATE_LIMIT_PER_MINUTE: '0',
    ADMIN_EMAIL: 'admin',
    ADMIN_PASSWORD: 'short',
    LOG_LEVEL: 'loud',
    ORDER_LANE: 'fast',
  };
  for (const [name, value] of Object.entries(wrong)) {
    it(`are checked: an invalid ${name} is reported in one line`, () => {
      assert.throws(
        () => readStartSettings({ [name]: value }),
        (error) =>
          error instanceof SettingError &&
          error.message.startsWith(`setting ${name}: `) &&
          !error.message.includes('\n'),
      );
    });
  }

  it('reject an unknown argument with the usage', () => {
    assert.throws(
      () => readArguments(['--rest']),
      new UsageError('unknown argument --rest; usage: npm start -- [--reset] [--separate] [--help]'),
    );
    assert.deepEqual(readArguments(['--separate', '--reset']), { reset: true, separate: true });
  });

  it('are all listed by --help, with their defaults and without Markdown', () => {
    const help = helpText();
    for (const name of Object.keys(startSettings)) assert.match(help, new RegExp(`^  ${name} +\\S.* \\[.+\\]$`, 'm'));
    assert.match(help, /^ {2}PORT +The API\. .* \[3000\]$/m);
    assert.ok(!help.includes('`'), help);
  });
});
