// Run by test/run.ts instead of these test files, beside that of the shared platform, which takes as long as all of them. Each
// starts a platform, and several starts at once keep all cores of a small machine busy for so long that connections time
// out. Mocha runs the tests of one file one by one.
import './containers.test.ts';
import './overload.test.ts';
import './separate.test.ts';
