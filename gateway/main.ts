import { run } from '../platform/process.ts';
import { createLogger } from '../platform/telemetry/logger.ts';
import { startGateway } from './start.ts';

await run(createLogger('gateway'), () => startGateway(process.env));
