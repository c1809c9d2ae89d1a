/** The servers that the main process shares with the test processes. Each starts at the first request for it. */
export interface SharedServers {
  postgres: { url: string };
  temporal: { address: string };
  /** A migrated database to clone, and the service's role in it. The role's password is its name. */
  template: { database: string; role: string };
}

/** Requests a server from the main process. */
export async function sharedServer<Kind extends keyof SharedServers>(
  kind: Kind,
  name = '',
): Promise<SharedServers[Kind]> {
  const response = await fetch(`${process.env.TEST_SERVERS}/${kind}/${name}`);
  if (!response.ok) throw new Error(`the test run's ${kind} ${name} could not be started: ${await response.text()}`);
  return (await response.json()) as SharedServers[Kind];
}

/** A superuser's URL of a real PostgreSQL: TEST_DATABASE_URL, or a server started for this run. */
export const postgresUrl = async (): Promise<string> => (await sharedServer('postgres')).url;
