import { createServer } from "node:net";

// Stands in for images whose work the simulated rack does itself (collectors, user interfaces): runs until told to end.

console.log(`${process.env.TASK_ID ?? "task"}: idle stand-in with arguments ${JSON.stringify(process.argv.slice(2))}`);
// an open listener keeps the process alive without a timer
createServer().listen(0, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
