/** In a data folder: records the supervisor that uses the folder, its child processes and addresses. */
export const LOCK = 'running.json';

/** Where the running platform is. The operator's tools read them from the lock file. */
export interface Addresses {
  api: string;
  /** Service APIs, by service. */
  doors: Record<string, string>;
  processor: string;
  carrier: string;
  /** Its address is host:port. `own`: the platform has started it, so that it is a development server. */
  temporal: { address: string; namespace: string; own?: boolean | undefined };
}
