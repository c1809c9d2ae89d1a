import { trace } from '@opentelemetry/api';

/** A resource attribute. A span that has it too belongs to this service of the process. */
export const SERVICE_NAME = 'service.name';

/** Says whose work the active span is, for a span that began before this was known. */
export const claimActiveSpan = (service: string): void =>
  void trace.getActiveSpan()?.setAttribute(SERVICE_NAME, service);
