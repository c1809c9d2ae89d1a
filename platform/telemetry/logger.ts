import { isSpanContextValid, trace } from '@opentelemetry/api';
import winston from 'winston';
import { workContext } from '../context.ts';

export type Logger = winston.Logger;

/** The active trace's id in hexadecimal (W3C Trace Context); undefined outside a trace. */
export function traceId(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? span.traceId : undefined;
}

/** Not the service: a line is about the service that its logger belongs to. */
const addContext = winston.format((line) => {
  const { service: _service, ...context } = workContext();
  return Object.assign(line, context, { traceId: traceId() });
});

/** JSON.stringify would write an error as `{}`. */
const serializeErrors = winston.format((line) => {
  for (const [name, value] of Object.entries(line)) if (value instanceof Error) line[name] = serialized(value);
  return line;
});

interface SerializedError {
  name: string;
  message: string;
  code: unknown;
  stack: string | undefined;
  cause: unknown;
}

const serialized = (error: Error): SerializedError => ({
  name: error.name,
  message: error.message,
  code: (error as { code?: unknown }).code,
  stack: error.stack,
  cause: error.cause instanceof Error ? serialized(error.cause) : error.cause,
});

/** Writes JSON lines to standard output: time, level, service, message, trace id and order id. */
export const createLogger = (service: string, level = process.env.LOG_LEVEL || 'info'): Logger =>
  winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format.errors({ stack: true, cause: true }),
      serializeErrors(),
      addContext(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
