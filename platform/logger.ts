import { isSpanContextValid, trace } from '@opentelemetry/api';
import winston from 'winston';
import { workContext } from './context.ts';

export type Logger = winston.Logger;

/** The active trace's id, hexadecimal (W3C Trace Context), or undefined outside of one. */
export function traceId(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? span.traceId : undefined;
}

const whereabouts = winston.format((line) => Object.assign(line, workContext(), { traceId: traceId() }));

/** JSON lines on standard output: time, level, service, message, trace id, and the order it is about. */
export const createLogger = (service: string, level = process.env.LOG_LEVEL || 'info'): Logger =>
  winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format.errors({ stack: true, cause: true }),
      whereabouts(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
