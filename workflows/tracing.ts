import type { Headers, WorkflowInterceptors } from '@temporalio/workflow';

// The header that the client's and the activities' OpenTelemetry interceptors write and read.
const TRACE_HEADER = '_tracer-data';

/**
 * Hands the trace of the request that started a workflow on to every activity, so that one trace runs from the
 * request to the SQL of each step. The workflow makes no spans of its own: its history tells more, and inside the
 * sandbox an OpenTelemetry SDK would cost every workflow task.
 */
export function interceptors(): WorkflowInterceptors {
  let trace: Headers = {};
  return {
    inbound: [
      {
        execute(input, next) {
          const header = input.headers[TRACE_HEADER];
          if (header) trace = { [TRACE_HEADER]: header };
          return next(input);
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next({ ...input, headers: { ...trace, ...input.headers } }),
        scheduleLocalActivity: (input, next) => next({ ...input, headers: { ...trace, ...input.headers } }),
      },
    ],
  };
}
