import type { Platform } from '../stage/test-platform.ts';

/** Stops a process; its connections stay open without responses. Returns the function that resumes it. */
export function halt(platform: Platform, command: string): () => void {
  const { pid } = platform.process(command);
  process.kill(pid, 'SIGSTOP');
  return () => void process.kill(pid, 'SIGCONT');
}
