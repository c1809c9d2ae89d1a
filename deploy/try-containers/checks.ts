import { ToolError, printLine } from '../../tools/command-line.ts';
import { run } from './commands.ts';
import { type Compose, type Container, inContainer, kill } from './compose.ts';
import { PLATFORM_IMAGE } from './images.ts';
import { misplacedSecrets } from './secrets.ts';
import type { Shop } from './shop.ts';

const ORDERS = 40;

/** Secrets only where they belong, and processes that can change nothing but what is theirs. */
export async function checkContainers(compose: Compose, settings: Readonly<Record<string, string>>): Promise<void> {
  const containers = await compose.containers();
  const secrets = Object.entries(settings).filter(([name]) => /PASSWORD|SECRET|TOKEN$|API_KEY|PRIVATE_KEY/.test(name));
  const wrong = misplacedSecrets(Object.fromEntries(secrets.filter(([, value]) => value !== '')), containers);
  for (const container of await platformContainers(compose)) {
    const facts = await inContainer(
      container,
      'id -u; grep -E "^(CapEff|NoNewPrivs):" /proc/self/status; touch /app/changed 2> /dev/null && echo writable; ls -A /app',
    );
    const { service } = container;
    if (/^0$/m.test(facts)) wrong.push(`${service} runs as root`);
    if (!/^CapEff:\s0+$/m.test(facts)) wrong.push(`${service} has capabilities`);
    if (!/^NoNewPrivs:\s1$/m.test(facts)) wrong.push(`${service} may gain privileges`);
    if (/^writable$/m.test(facts)) wrong.push(`${service} can write to its program's folder`);
    if (/^\.env/m.test(facts)) wrong.push(`${service} has a file with settings`);
  }
  if (wrong.length > 0) throw new ToolError(wrong.join('; '));
}

async function platformContainers(compose: Compose): Promise<Container[]> {
  const images = JSON.parse(await compose.run('config', '--format', 'json')) as {
    services: Record<string, { image: string }>;
  };
  const containers = await compose.containers();
  return containers.filter(
    ({ service, state }) => state === 'running' && images.services[service]?.image === PLATFORM_IMAGE,
  );
}

/** Kills a service's program, and waits until the engine has started it again and it is ready. */
export async function crash(compose: Compose, service: string): Promise<void> {
  const [container] = await compose.containersOf(service);
  await kill(container!);
  await compose.ready();
  const [after] = await compose.containersOf(service);
  if (after!.restarts !== container!.restarts + 1) throw new ToolError(`${service} was not restarted`);
}

/** A server is its container's first process, which only the engine can kill; it then does not start it again. */
export async function crashServer(compose: Compose, server: string): Promise<void> {
  await compose.run('kill', server);
  await compose.run('start', server);
  await compose.ready();
}

/** Both replicas of a service answer requests, and one alone carries on when the other is killed. */
export async function checkReplicas(compose: Compose, shop: Shop): Promise<void> {
  const service = 'payment';
  await compose.up('--scale', `${service}=2`, '--no-recreate');
  const replicas = await compose.containersOf(service);
  if (replicas.length !== 2) throw new ToolError(`${service} has ${replicas.length} containers, expected 2`);
  const before = await Promise.all(replicas.map(requestsOf));
  await shop.order(ORDERS);
  const after = await Promise.all(replicas.map(requestsOf));
  const answered = after.map((count, index) => count - before[index]!);
  printLine(`  requests answered by each: ${answered.join(' and ')}`);
  if (answered.some((count) => count === 0)) throw new ToolError(`a replica of ${service} was never asked`);
  await shop.orderDuring(async () => {
    await run('docker', ['kill', replicas[0]!.id]);
    await shop.order(ORDERS);
  });
  await compose.up('--scale', `${service}=1`);
}

/** How many requests of other processes a service has answered since it started. */
async function requestsOf(container: Container): Promise<number> {
  const script = `fetch(process.env.HEALTH_URL.replace('/readyz', '/metrics')).then((answer) => answer.text()).then(console.log)`;
  const metrics = await inContainer(container, `node --input-type=module --eval "${script}"`);
  const counts = [
    ...metrics.matchAll(/^http_request_duration_seconds_count\{(?!.*(?:livez|readyz|metrics)").*\} (\d+)$/gm),
  ];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}
