import { run } from '../../../../platform/process.ts';
import { createLogger } from '../../../../platform/telemetry/logger.ts';
import { inventory } from './inventory.ts';
import { payment } from './payment.ts';
import { PARTICIPANTS } from './registry.ts';
import { shipping } from './shipping.ts';

// One participant: `node participant.ts payment`, with the settings of the platform's service of that name.
const SERVICES = { payment, inventory, shipping };
const participant = PARTICIPANTS.find((name) => name === process.argv[2]);
if (!participant) throw new Error(`unknown participant; choose from ${PARTICIPANTS.join(', ')}`);
await run(createLogger(participant), () => SERVICES[participant].start(process.env));
