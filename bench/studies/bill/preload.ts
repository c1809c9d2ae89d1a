import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { startCounting } from './counts.ts';

// Preloaded into every Node process of a system. At SIGUSR2 it writes its counts to BILL_FOLDER/<process id>.json.
const { BILL_FOLDER } = process.env;
if (isMainThread && BILL_FOLDER) {
  const { counts } = startCounting();
  const file = path.join(BILL_FOLDER, `${process.pid}.json`);
  process.on('SIGUSR2', () => {
    writeFileSync(`${file}.new`, JSON.stringify(counts));
    renameSync(`${file}.new`, file);
  });
}
