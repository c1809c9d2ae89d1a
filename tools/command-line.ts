import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { SettingError } from '../platform/config.ts';

/** Something the operator can put right. The message is one line that says what. */
export class ToolError extends Error {
  override readonly name: string = 'ToolError';
}

/** What a tool ends with: 0 all went well, 1 it found or met something wrong, 2 it could not do its work. */
export type ExitCode = 0 | 1 | 2 | 130;

/** Runs a tool to its exit code. What an operator can put right is one line on standard error and exit code 2. */
export async function runTool(main: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof ToolError) && !(error instanceof SettingError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/** The options and words of a command line; a wrong one is answered with `usage`. */
export function readArguments<Options extends NonNullable<ParseArgsConfig['options']>>(
  options: Options,
  usage: string,
): { values: ReturnType<typeof parseArgs<{ options: Options }>>['values']; words: string[] } {
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    return { values, words: positionals };
  } catch (error) {
    throw new ToolError(`${(error as Error).message.split('\n')[0]}\n${usage}`, { cause: error });
  }
}

/** The one word a tool is given, a file's name. */
export function onlyFile(words: readonly string[], usage: string): string {
  const [file, ...more] = words;
  if (file === undefined || more.length > 0) throw new ToolError(usage);
  return inCallersFolder(file);
}

/** A number from `least` up, or undefined where the option is absent. */
export function numberOption(
  name: string,
  text: string | undefined,
  { least, whole }: { least: number; whole: boolean },
): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  const right =
    text.trim() !== '' && Number.isFinite(number) && number >= least && (!whole || Number.isInteger(number));
  if (!right) throw new ToolError(`--${name} must be a ${whole ? 'whole ' : ''}number from ${least} up, not "${text}"`);
  return number;
}

/** A base URL from an option, the environment or the default, without a slash at its end. */
export function urlOption(name: string, text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) throw new ToolError(`${name} must be an http:// URL, not "${text}"`);
  return url.href.replace(/\/+$/, '');
}

/** A file to write at the end of a long run: that it can be is made sure of at the beginning. */
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

/** npm runs our scripts in the project's folder; a person means the folder they are in. */
function inCallersFolder(file: string): string {
  const { npm_lifecycle_event: script = '', INIT_CWD: folder } = process.env;
  return folder && SCRIPTS.has(script) ? path.resolve(folder, file) : path.resolve(file);
}

/** Where a running platform keeps its state. */
export const dataFolder = (): string => process.env.DATA_DIR || '.data';
