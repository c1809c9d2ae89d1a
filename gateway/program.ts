/**
 * The young generation gets 4 MB instead of up to 16, and the old one is collected when it has grown by a quarter,
 * because a request leaves little behind. Together with one arena for native memory, a thousand streams opened at once
 * take a gateway to 180 MiB instead of 290: `node bench/studies/streams.ts`.
 */
export const GATEWAY_PROGRAM: readonly string[] = [
  '--max-semi-space-size=4',
  '--heap-growing-percent=25',
  'gateway/main.ts',
];

/** A setting of glibc; other C libraries ignore it. */
export const GATEWAY_MEMORY = { MALLOC_ARENA_MAX: '1' } as const;
