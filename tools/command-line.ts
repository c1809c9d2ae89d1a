import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { SettingError } from '../platform/config.ts';

/** A problem that the operator can fix. The message is one line that says how. */
export class ToolError extends Error {
  override readonly name: string = 'ToolError';
}

/** 0: success. 1: the tool found problems. 2: the tool could not do its work. 130: stopped by a signal. */
export type ExitCode = 0 | 1 | 2 | 130;

/** Runs a tool and sets its exit code. A problem that the operator can fix is printed as one line, with exit code 2. */
export async function runTool(main: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof ToolError) && !(error instanceof SettingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/** Prints a line to standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The options and positional arguments of the command line. An invalid one throws an error that ends with `usage`. */
export function readArguments<Options extends NonNullable<ParseArgsConfig['options']>>(
  options: Options,
  usage: string,
): { values: ReturnType<typeof parseArgs<{ options: Options }>>['values']; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { values, positionals };
  } catch (error) {
    throw new ToolError(`${(error as Error).message.split('\n')[0]}\n${usage}`, { cause: error });
  }
}

/** The tool's only positional argument: a file. */
export function onlyFile(positionals: readonly string[], usage: string): string {
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new ToolError(usage);
  return inCallersFolder(file);
}

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

/** A file to write at the end of a long run. Checks at the start that it can be written. */
export function outputFile(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const file = inCallersFolder(name);
  try {
    closeSync(openSync(file, 'a'));
    return file;
  } catch (cause) {
    throw new ToolError(`${file} cannot be written (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
}

const SCRIPTS = new Set(['import', 'replay', 'reconcile']);

/** Resolves a path against the folder in which the user called npm: npm itself runs scripts in the project's folder. */
function inCallersFolder(file: string): string {
  const { npm_lifecycle_event: script = '', INIT_CWD: folder } = process.env;
  return folder && SCRIPTS.has(script) ? path.resolve(folder, file) : path.resolve(file);
}

/** The folder in which a running platform keeps its state. */
export const dataFolder = (): string => process.env.DATA_DIR || '.data';
