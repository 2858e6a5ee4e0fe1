const NEWLINE = 0x0a;

/** Takes bytes cut anywhere, gives whole lines, each with `prefix`; an empty prefix passes bytes on as they come. */
export interface LinePrefix {
  push(bytes: Uint8Array): void;
  /** What is left of a line without an end. */
  end(): void;
}

export function linePrefix(prefix: string, write: (bytes: Uint8Array) => void): LinePrefix {
  if (prefix === "") return { push: write, end() {} };
  const head = Buffer.from(prefix);
  let pending: Uint8Array = new Uint8Array();
  return {
    push(bytes) {
      const all = Buffer.concat([pending, bytes]);
      let start = 0;
      const lines: Uint8Array[] = [];
      for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
        lines.push(head, all.subarray(start, end + 1));
        start = end + 1;
      }
      pending = all.subarray(start);
      if (lines.length > 0) write(Buffer.concat(lines));
    },
    end() {
      if (pending.length > 0) write(Buffer.concat([head, pending, Buffer.from("\n")]));
      pending = new Uint8Array();
    },
  };
}
