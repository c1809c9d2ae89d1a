/**
 * Free ports by name. The main process of the test run hands out each port once, so that two test files never get the
 * same one, also between the time a port is found free and the time a server listens on it.
 */
export async function freePorts<Name extends string>(...names: readonly Name[]): Promise<Record<Name, number>> {
  const response = await fetch(`${process.env.TEST_SERVERS}/ports/${names.length}`);
  const ports = (await response.json()) as number[];
  return Object.fromEntries(names.map((name, index) => [name, ports[index]!])) as Record<Name, number>;
}

export const freePort = async (): Promise<number> => (await freePorts('port')).port;
