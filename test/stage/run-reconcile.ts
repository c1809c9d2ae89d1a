import { type ToolRun, runTool } from './run-tool.ts';
import type { Platform } from './test-platform.ts';

/** Its lines are the discrepancies, then the summary. */
export type Reconciled = ToolRun;

/** Runs `npm run reconcile` for a running platform. */
export const reconcile = (platform: Platform, ...args: string[]): Promise<Reconciled> =>
  runTool(platform, 'reconcile', ...args);
