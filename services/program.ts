/**
 * What a process of services runs. V8 makes the young generation of a process that stands idle small and lets it grow slowly:
 * under the next load garbage is collected more often, for minutes. It stays at 16 MB, for up to 30 MB more memory.
 */
export const SERVICES_PROGRAM: readonly string[] = ['--min-semi-space-size=16', 'services/main.ts'];
