import type { Addresses } from '../../local/lock-file.ts';
import { type TemporalPlace, namesTemporal } from '../../platform/temporal/place.ts';
import { ToolError } from '../command-line.ts';

/**
 * The Temporal server whose time may be moved: the development server that the running platform has started itself.
 * @throws {ToolError} no platform runs from the data folder, or it uses another Temporal server
 */
export function developmentServer(
  { temporal }: Partial<Addresses>,
  { environment, folder }: { environment: NodeJS.ProcessEnv; folder: string },
): TemporalPlace {
  if (!temporal) {
    throw new ToolError(
      `no platform runs from ${folder}: start one with \`npm start\`, or set DATA_DIR to its data folder`,
    );
  }
  const { address, namespace, own } = temporal;
  if (!own) {
    throw new ToolError(
      `the platform uses the Temporal server at ${address}, which it has not started: time is moved only on the development server that \`npm start\` starts`,
    );
  }
  if (namesTemporal(environment)) {
    throw new ToolError(
      `TEMPORAL_ADDRESS, or TEMPORAL_CONFIG_FILE or TEMPORAL_PROFILE, is set: unset it, since time is moved only on the development server that \`npm start\` starts, here ${address}`,
    );
  }
  return { address, namespace };
}
