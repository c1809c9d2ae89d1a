// Run by temporal-binary.ts: makes the Temporal SDK download its development server into the given folder, then exits.
const folder = process.argv[2] ?? '.';
try {
  // Not installed in a deployment, which uses an existing Temporal server.
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
