import { type SpawnOptions, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { ToolError } from '../../tools/command-line.ts';

/** What an ended command left behind. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** A command ended with another code than 0. */
export class CommandFailed extends ToolError {
  override readonly name = 'CommandFailed';
}

export interface CommandOptions extends Pick<SpawnOptions, 'cwd' | 'env'> {
  signal?: AbortSignal;
}

// The end of what a failed command printed says why.
const SHOWN_LINES = 20;

/** Runs a command to its end. Rejects with `CommandFailed`, which has the end of what it printed, unless it exits with 0. */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const ended = await attempt(program, args, options);
  if (ended.code !== 0) {
    const lines = `${ended.stdout}\n${ended.stderr}`.trim().split('\n').slice(-SHOWN_LINES);
    throw new CommandFailed(`${[program, ...args].join(' ')} exited with ${ended.code}: ${lines.join(' | ')}`);
  }
  return ended.stdout;
}

/** Runs a command to its end, whatever its exit code. Rejects if it cannot be started. */
export async function attempt(program: string, args: readonly string[], options: CommandOptions = {}): Promise<Ended> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new ToolError(`could not run ${program}: ${error.message}`)));
    child.once('close', (code) => resolve(code ?? 1));
  });
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
