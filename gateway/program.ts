/**
 * Young objects get 4 MB instead of up to 16, and old ones are looked through whenever they have become a quarter more:
 * what a request leaves behind is small. With one arena for what is not JavaScript's, a thousand streams opened at once
 * take a gateway to 180 MiB instead of 290: `node bench/studies/streams.ts`.
 */
export const GATEWAY_PROGRAM: readonly string[] = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=25',
  'gateway/main.ts',
];

/** Of glibc; elsewhere nobody reads it. */
export const GATEWAY_MEMORY = { MALLOC_ARENA_MAX: '1' } as const;
