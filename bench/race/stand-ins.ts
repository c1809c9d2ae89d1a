import type { ProcessPlan } from '../../local/node-process.ts';
import { servicePlans } from '../../local/processes.ts';
import { type Plan, answers, node } from './children.ts';
import type { Stage } from './stage.ts';

/** A process of the platform, as it is started there. */
export const planOf = ({ name, program, environment, ready }: ProcessPlan): Plan => ({
  name,
  command: node('--import', './platform/telemetry/tracing.ts', ...program),
  environment,
  ready: () => Promise.all(ready.map((url) => answers(url)())),
});

/** A program of the bench in the place of a platform's service, with the settings that that one takes. */
export function inPlaceOf(service: string, program: readonly string[], { surroundings }: Stage): Plan {
  const { environment, ready } = servicePlans(surroundings, true).find(({ name }) => name === service)!;
  return { name: service, command: node(...program), environment, ready: answers(ready[0]!) };
}

/** The process that takes the orders: it stands where the order service does, and knows its database. */
export function frontPlan(program: readonly string[], stage: Stage, more: NodeJS.ProcessEnv = {}): Plan {
  const plan = inPlaceOf('order', program, stage);
  return { ...plan, name: 'front', environment: { ...plan.environment, ...more }, ready: answers(stage.frontUrl) };
}
