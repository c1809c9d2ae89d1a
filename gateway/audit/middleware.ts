import type Koa from 'koa';
import type { RequestState } from '../../platform/http/app.ts';
import { Problem } from '../../platform/http/problem.ts';
import type { AnyRoute, RouteRequest } from '../../platform/http/route.ts';
import type { Logger } from '../../platform/telemetry/logger.ts';
import { isForStaff } from '../auth/staff.ts';
import { problemOf } from '../problems.ts';
import type { AuditOutcome, AuditRecords, AuditedAction } from './records.ts';
import { subjectOf } from './subject.ts';

/** Whether staff change something by this route. */
export const isAudited = (definition: AnyRoute): boolean => definition.method !== 'get' && isForStaff(definition);

/**
 * Keeps what staff do, before it is performed: without an entry nothing is. If the gateway dies before the outcome is
 * kept too, the entry stays without one, and the platform's own records show what came of it.
 */
export const audit =
  (definition: AnyRoute, { records, logger }: { records: AuditRecords; logger: Logger }): Koa.Middleware =>
  async (ctx, next) => {
    const { asked } = ctx.state as RequestState;
    if (!asked.caller!.isStaff) {
      // A customer, who acts for themselves.
      await next();
      return;
    }
    const id = await records.begin(actionOf(definition, asked));
    // The action has been performed, so its response is sent all the same.
    const complete = (outcome: AuditOutcome) =>
      records.complete(id, outcome).catch((error: unknown) => logger.warn('audit outcome not kept', { id, error }));
    try {
      await next();
    } catch (error) {
      const problem = error instanceof Problem ? error : problemOf(error);
      await complete({ status: problem?.status ?? 500, created: undefined });
      throw error;
    }
    await complete({ status: ctx.status, created: createdBy(ctx) });
  };

function actionOf({ operationId }: AnyRoute, { caller, params, body, requestId }: RouteRequest): AuditedAction {
  const { id, role, scopes } = caller!;
  const { sku, reason, note } = (body ?? {}) as Record<string, unknown>;
  const subjects = [...Object.values(params ?? {}), sku].filter((subject) => typeof subject === 'string');
  const why = reason ?? note;
  return {
    actor: id,
    actorRole: scopes ? 'client' : role,
    operation: operationId,
    subjects: subjects.map(subjectOf),
    reason: typeof why === 'string' ? why : undefined,
    requestId,
  };
}

/** The id in the body of a 201. */
function createdBy(ctx: Koa.Context): string | undefined {
  if (ctx.status !== 201 || typeof ctx.body !== 'string') return undefined;
  const { id } = JSON.parse(ctx.body) as { id?: unknown };
  return typeof id === 'string' ? id : undefined;
}
