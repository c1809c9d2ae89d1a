import { SettingError, postgresUrl, readConfig } from '../platform/config.ts';
import { type DatabaseName, DATABASES } from './registry.ts';
import { provision } from '../platform/database/provision.ts';

// `npm run migrate` for deployments: gives every service its database and its login and brings the databases up to
// date; `npm run migrate -- payment` those named. Safe to repeat, and from several places at once.
try {
  const plans = namesGiven().map((name) => DATABASES[name]);
  const settings = readConfig({
    DATABASE_URL: postgresUrl,
    ...Object.fromEntries(plans.map(({ name }) => [setting(name), postgresUrl])),
  }) as Record<string, string>;
  for (const plan of plans) {
    await provision(plan, settings.DATABASE_URL!, settings[setting(plan.name)]!);
    process.stdout.write(`${plan.name} is up to date\n`);
  }
} catch (error) {
  process.stderr.write(`${reason(error)}\n`);
  process.exitCode = 1;
}

function namesGiven(): DatabaseName[] {
  const known = Object.keys(DATABASES) as DatabaseName[];
  const given = process.argv.slice(2);
  const unknown = given.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined)
    throw new SettingError(`no database is called ${unknown}: choose from ${known.join(', ')}`);
  return given.length === 0 ? known : known.filter((name) => given.includes(name));
}

function setting(name: DatabaseName): string {
  return `${name.toUpperCase()}_DATABASE_URL`;
}

/** A wrong setting or a server that refuses is one line; anything else is a bug and keeps its stack. */
function reason(error: unknown): string {
  if (error instanceof SettingError) return error.message;
  const { code, message } = error as { code?: string; message?: string };
  return code ? `DATABASE_URL: ${message || code}` : String((error as Error).stack ?? error);
}
