import { isSpanContextValid, trace } from '@opentelemetry/api';
import winston from 'winston';
import { workContext } from '../context.ts';

export type Logger = winston.Logger;

/** The active trace's id, hexadecimal (W3C Trace Context), or undefined outside of one. */
export function traceId(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  return span && isSpanContextValid(span) ? span.traceId : undefined;
}

const whereabouts = winston.format((line) => Object.assign(line, workContext(), { traceId: traceId() }));

/** As plain JSON an error would be `{}`. */
const errorsInWords = winston.format((line) => {
  for (const [name, value] of Object.entries(line)) if (value instanceof Error) line[name] = inWords(value);
  return line;
});

interface ErrorInWords {
  name: string;
  message: string;
  code: unknown;
  stack: string | undefined;
  cause: unknown;
}

const inWords = (error: Error): ErrorInWords => ({
  name: error.name,
  message: error.message,
  code: (error as { code?: unknown }).code,
  stack: error.stack,
  cause: error.cause instanceof Error ? inWords(error.cause) : error.cause,
});

/** JSON lines on standard output: time, level, service, message, trace id, and the order it is about. */
export const createLogger = (service: string, level = process.env.LOG_LEVEL || 'info'): Logger =>
  winston.createLogger({
    level,
    defaultMeta: { service },
    format: winston.format.combine(
      winston.format.timestamp(),
      winston.format.errors({ stack: true, cause: true }),
      errorsInWords(),
      whereabouts(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
