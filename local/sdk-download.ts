// Run by temporal-binary.ts: has the Temporal SDK fetch its dev server into the folder given, and ends.
const folder = process.argv[2] ?? '.';
try {
  // Not among the packages of a deployment, which has a Temporal server of its own.
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const environment = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', version: 'v1.9.1', downloadDir: folder } },
  });
  await environment.teardown();
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`download failed: ${reason.split('\n')[0]}\n`);
  process.exitCode = 1;
}
