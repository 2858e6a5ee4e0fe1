import { createServer, type Server } from "node:net";
import { StatusError } from "../../api-types/meta/status-error.js";

/** A /16 of loopback addresses that this simulator alone uses until it closes it. */
export interface AddressBlock {
  /** e.g. `127.64`. */
  readonly prefix: string;
  close(): Promise<void>;
}

const FIRST_BLOCK = 64;
const LAST_BLOCK = 127;
/** Listening here on a block's first address is the lock of the block. */
const LOCK_PORT = 20127;

/** Takes the block of an earlier run if it is free, else the first free one of 127.64 to 127.127. */
export async function takeAddressBlock(preferred: string | undefined): Promise<AddressBlock> {
  const others = Array.from({ length: LAST_BLOCK - FIRST_BLOCK + 1 }, (_, index) => `127.${FIRST_BLOCK + index}`);
  for (const prefix of preferred === undefined ? others : [preferred, ...others]) {
    const server = await tryListen(`${prefix}.0.1`);
    if (server !== undefined) return { prefix, close: () => closed(server) };
  }
  throw new StatusError(
    "ServiceUnavailable",
    "starting the simulator: every loopback block from 127.64.0.0/16 to 127.127.0.0/16 is taken; stop another simulator",
  );
}

function tryListen(host: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", () => resolve(undefined));
    server.listen(LOCK_PORT, host, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Tasks get addresses from here on, in the block's third and fourth number. */
const FIRST_TASK_ADDRESS = 2 * 256 + 1;
const LAST_TASK_ADDRESS = 255 * 256 + 254;

/** Whether an address is one that tasks of this block may have. */
export function isTaskAddress(prefix: string, address: string): boolean {
  const [third = 0, fourth = 0] = address
    .slice(prefix.length + 1)
    .split(".")
    .map(Number);
  const number = third * 256 + fourth;
  const isOfTasks = number >= FIRST_TASK_ADDRESS && number <= LAST_TASK_ADDRESS;
  return isOfTasks && fourth > 0 && fourth < 255 && address === `${prefix}.${third}.${fourth}`;
}

/** Gives task addresses in turn, so that one that was just freed is not given again at once. `last` is the last one given. */
export function nextAddressIn(
  prefix: string,
  used: ReadonlySet<string>,
  last: number,
): { readonly address: string; readonly last: number } {
  let number = last;
  do {
    number = number >= LAST_TASK_ADDRESS || number < FIRST_TASK_ADDRESS ? FIRST_TASK_ADDRESS : number + 1;
  } while (number % 256 === 0 || number % 256 === 255 || used.has(`${prefix}.${number >> 8}.${number & 255}`));
  return { address: `${prefix}.${number >> 8}.${number & 255}`, last: number };
}
