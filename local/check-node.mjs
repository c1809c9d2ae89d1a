// Before `npm test`: one line on a Node that is too old, in place of a syntax error.
import { TOO_OLD, isNewEnough } from './node-version.mjs';

if (!isNewEnough(process.versions.node)) {
  process.stderr.write(TOO_OLD);
  process.exitCode = 1;
}
