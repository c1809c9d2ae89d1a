import type { Context } from '@opentelemetry/api';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { workContext } from '../context.ts';
import { SERVICE_NAME } from './service-name.ts';

/**
 * Gives each span the resource of the service whose work it is. A process has one tracer provider, and so one resource,
 * but may run several services; Jaeger and Tempo tell services apart by their resource.
 */
export class ServiceSpans implements SpanProcessor {
  readonly #next: SpanProcessor;
  readonly #resources = new Map<string, Resource>();

  constructor(next: SpanProcessor) {
    this.#next = next;
  }

  onStart(span: Span, parentContext: Context): void {
    const { service } = workContext();
    if (service !== undefined) span.setAttribute(SERVICE_NAME, service);
    this.#next.onStart(span, parentContext);
  }

  onEnd(span: ReadableSpan): void {
    const service = span.attributes[SERVICE_NAME];
    this.#next.onEnd(typeof service === 'string' ? withResource(span, this.#resourceOf(service, span)) : span);
  }

  forceFlush(): Promise<void> {
    return this.#next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#next.shutdown();
  }

  #resourceOf(service: string, { resource }: ReadableSpan): Resource {
    const known = this.#resources.get(service);
    if (known) return known;
    const own = resource.merge(resourceFromAttributes({ [SERVICE_NAME]: service }));
    this.#resources.set(service, own);
    return own;
  }
}

/** The same span with another resource: a span's own cannot be set. */
const withResource = (span: ReadableSpan, resource: Resource): ReadableSpan =>
  Object.create(span, { resource: { value: resource, enumerable: true } }) as ReadableSpan;
