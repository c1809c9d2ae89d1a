import sdk from '@temporalio/worker/package.json' with { type: 'json' };

export interface WorkflowThreads {
  /**
   * What stops a workflow that never yields. The SDK creates a watchdog for every `entry` into the isolate: a thread that
   * starts, waits and is joined, for 0.2 ms of CPU, four or five times for each event a workflow receives. One for the
   * whole `activation` has the same limit and the same effect: the workflow task fails and is retried later, and the
   * thread continues with the other workflows.
   */
  watchdog: 'activation' | 'entry';
  /**
   * Whether Temporal can show where in its code a workflow waits (the Web UI's Call Stack). For this the SDK records a
   * stack, through the source map, at every promise a workflow creates.
   */
  stackTraces: boolean;
}

/** Passed to a thread at its start. */
export interface ThreadData {
  limitMs: number;
  stackTraces: boolean;
}

/** The installed version of the SDK's worker. */
export const SDK_VERSION: string = sdk.version;

/**
 * Versions with which `test/platform/temporal/` and the replay of `test/histories/` have passed. Our threads replace
 * private functions, which any release may change, so any other version runs workflows its own way, at the SDK's cost.
 */
export const TESTED_SDK_VERSIONS: readonly string[] = ['1.24.0'];

/**
 * Sets how workers created from now on in this process run workflows. The SDK has no options for this, so the entry point
 * of its threads is replaced with ours. `node bench/studies/watchdog.ts` shows what each choice costs.
 * @returns whether they will; false with a version of the SDK that was not tested, which stays as it is
 */
export async function chooseWorkflowThreads(threads: WorkflowThreads, version = SDK_VERSION): Promise<boolean> {
  if (!TESTED_SDK_VERSIONS.includes(version)) return threads.watchdog === 'entry';
  const { replaceThreads } = await import('./workflow-thread-creator.ts');
  replaceThreads(threads);
  return true;
}
