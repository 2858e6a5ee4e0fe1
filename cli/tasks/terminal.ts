import type { Terminal } from "./exec.js";

const ROWS = 24;
const COLUMNS = 80;

/** The terminal or pipes that this process was started with. */
export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  const size = () => ({ rows: stdout.rows ?? ROWS, columns: stdout.columns ?? COLUMNS });
  return {
    isTerminal: stdin.isTTY === true,
    size,
    input(listen, end) {
      let isStopped = false;
      const hear = (bytes: Uint8Array) => {
        // what comes faster than it is taken waits in the pipe, not here
        stdin.pause();
        void listen(bytes).then(() => {
          if (!isStopped) stdin.resume();
        });
      };
      stdin.on("data", hear);
      stdin.on("end", end);
      return {
        stop() {
          isStopped = true;
          stdin.off("data", hear);
          stdin.off("end", end);
          stdin.pause();
        },
      };
    },
    raw() {
      stdin.setRawMode(true);
      return { stop: () => void stdin.setRawMode(false) };
    },
    resized(listen) {
      const resize = () => listen(size());
      stdout.on("resize", resize);
      return { stop: () => void stdout.off("resize", resize) };
    },
    write: ({ stream, bytes }) => void (stream === "stdout" ? stdout : stderr).write(bytes),
  };
}
