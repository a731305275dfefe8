/**
 * Preloaded (`node --import`) into every service that the command line starts: when the parent is gone, even by
 * SIGKILL, the service ends too instead of staying behind with its memory. The IPC channel tells, and closes by itself
 * when the parent dies.
 */
const GRACE_MS = 5_000;

process.channel?.unref();
process.once("disconnect", () => {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => process.exit(1), GRACE_MS).unref();
});
