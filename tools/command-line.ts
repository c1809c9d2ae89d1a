import path from 'node:path';
import { SettingError } from '../platform/config.ts';
import { printable, printableLines } from './printable.ts';

/** A problem that the operator can fix. The message is one line that says how. */
export class ToolError extends Error {
  override readonly name: string = 'ToolError';
}

/** The operator asked for help: `message` is the text to print. */
export class HelpWanted extends Error {
  override readonly name = 'HelpWanted';
}

/** 0: success. 1: the tool found problems. 2: the tool could not do its work. 130: stopped by a signal. */
export type ExitCode = 0 | 1 | 2 | 130;

/**
 * Runs a tool and sets its exit code. A problem that the operator can fix is printed as one line, any other error with
 * its stack trace, both with exit code 2.
 */
export async function runTool(main: () => Promise<ExitCode>): Promise<void> {
  // Writing to a closed terminal or pipe fails; the tool finishes its work and its report all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof HelpWanted) {
      print(error.message);
      process.exitCode = 0;
      return;
    }
    warn(error);
    process.exitCode = 2;
  }
}

/** Prints a text of the tool's own, which may have several lines. */
export function print(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`);
}

/** Prints one line that contains text from a file or a server. */
export function printLine(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

/** Prints a line, or an error as `runTool` does, to standard error. */
export function warn(what: unknown): void {
  const isKnown = what instanceof ToolError || what instanceof SettingError;
  const text = what instanceof Error && !isKnown ? printableLines(what.stack ?? String(what)) : printable(textOf(what));
  process.stderr.write(`${text}\n`);
}

const textOf = (what: unknown): string => (what instanceof Error ? what.message : String(what));

/** A number of at least `least`, or undefined if the option is absent. */
export function numberOption(
  name: string,
  text: string | undefined,
  { least, whole }: { least: number; whole: boolean },
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  const isValid =
    text.trim() !== '' && Number.isFinite(number) && number >= least && (!whole || Number.isInteger(number));
  if (!isValid)
    throw new ToolError(`--${name} must be a ${whole ? 'whole ' : ''}number of at least ${least}, not "${text}"`);
  return number;
}

/** A base URL, without a trailing slash. */
export function urlOption(name: string, text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) throw new ToolError(`${name} must be an http:// URL, not "${text}"`);
  return url.href.replace(/\/+$/, '');
}

const SCRIPTS = new Set(['import', 'replay', 'reconcile', 'recommend-eval']);

/** Resolves a path against the folder in which the user called npm: npm itself runs scripts in the project's folder. */
export function inCallersFolder(file: string): string {
  const { npm_lifecycle_event: script = '', INIT_CWD: folder } = process.env;
  return folder && SCRIPTS.has(script) ? path.resolve(folder, file) : path.resolve(file);
}

/** The folder in which a running platform keeps its state. */
export const dataFolder = (): string => process.env.DATA_DIR || '.data';
