import type { ProcessPlan } from '../../local/node-process.ts';
import { servicePlans } from '../../local/processes.ts';
import { type Plan, isOk, node } from './children.ts';
import type { Stage } from './stage.ts';

/** A process of the platform, started as in production. */
export const platformProcess = ({ name, program, environment, ready }: ProcessPlan): Plan => ({
  name,
  command: node('--import', './platform/telemetry/tracing.ts', ...program),
  environment,
  ready: () => Promise.all(ready.map((url) => isOk(url)())),
});

/** A peer's program that replaces a service of the platform and gets the same settings. */
export function peerProcess(service: string, program: readonly string[], { surroundings }: Stage): Plan {
  const { environment, ready } = servicePlans(surroundings, true).find(({ name }) => name === service)!;
  return { name: service, command: node(...program), environment, ready: isOk(ready[0]!) };
}

/** The process that receives the orders, with the settings of the order service. */
export function frontProcess(program: readonly string[], stage: Stage, more: NodeJS.ProcessEnv = {}): Plan {
  const plan = peerProcess('order', program, stage);
  return { ...plan, name: 'front', environment: { ...plan.environment, ...more }, ready: isOk(stage.frontUrl) };
}
