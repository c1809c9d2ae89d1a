import assert from 'node:assert/strict';
import { SettingError } from '../../platform/config.ts';
import { readArguments, readStartSettings } from '../../local/settings.ts';

describe('the settings of npm start', () => {
  it('have defaults', () => {
    const settings = readStartSettings({});
    assert.equal(settings.PORT, 3000);
    assert.equal(settings.DATA_DIR, '.data');
    assert.equal(settings.DATABASE_URL, undefined);
    assert.equal(settings.TEMPORAL_ADDRESS, undefined);
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
      new SettingError('unknown argument --rest; usage: npm start -- [--reset] [--separate]'),
    );
    assert.deepEqual(readArguments(['--separate', '--reset']), { reset: true, separate: true });
  });
});
