import { SettingError, postgresUrl, readConfig } from '../platform/config.ts';
import { explainDatabaseError } from '../platform/database/check.ts';
import { type DatabaseName, DATABASES } from './registry.ts';
import { checkVersion, provision } from '../platform/database/provision.ts';

// `npm run migrate` for deployments: gives every service its database and its login and brings the databases up to
// date; `npm run migrate -- payment` does so for the named ones. Safe to repeat, and to run several times at once.
try {
  const plans = namesGiven().map((name) => DATABASES[name]);
  const settings = readConfig({
    DATABASE_URL: postgresUrl,
    ...Object.fromEntries(plans.map(({ name }) => [setting(name), postgresUrl])),
  }) as Record<string, string>;
  const superuserUrl = settings.DATABASE_URL!;
  const serviceUrlOf = ({ name }: { name: DatabaseName }) => settings[setting(name)]!;
  // All before the first is changed: a server with another version's databases is left as it was.
  for (const plan of plans) await checkVersion(plan, { superuserUrl, serviceUrl: serviceUrlOf(plan) });
  for (const plan of plans) {
    await provision(plan, superuserUrl, serviceUrlOf(plan));
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
  if (unknown !== undefined) throw new SettingError(`unknown database: ${unknown}; choose from ${known.join(', ')}`);
  return given.length === 0 ? known : known.filter((name) => given.includes(name));
}

function setting(name: DatabaseName): string {
  return `${name.toUpperCase()}_DATABASE_URL`;
}

/** One line for a wrong setting or an error of the server; anything else is a bug and keeps its stack. */
function reason(error: unknown): string {
  const explained = explainDatabaseError(error, 'DATABASE_URL');
  return explained instanceof SettingError ? explained.message : String((error as Error).stack ?? error);
}
