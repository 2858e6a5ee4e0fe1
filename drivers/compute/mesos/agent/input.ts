import type { Clock, Timer } from "../../../../platform/clock.js";
import type { WindowSize } from "../../agent-api.js";
import { encodeRecord } from "../recordio.js";
import type { WireContainerId, WireExecCall, WireProcessIo } from "./wire.js";

/** The input of a program on its way to the agent. */
export interface InputStream {
  /** Records of ATTACH_CONTAINER_INPUT: which container, then what is put in, then heartbeats while nothing is. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Resolves when there is room for more, or nobody listens any more. */
  data(bytes: Uint8Array): Promise<void>;
  resize(size: WindowSize): void;
  /** Nothing more comes; the body ends when all was taken. */
  end(): void;
  /** Nobody listens any more. */
  stop(): void;
}

/** What an input stream needs. */
export interface InputOptions {
  readonly clock: Clock;
  readonly containerId: WireContainerId;
  readonly hasTty: boolean;
}

/** An idle connection is kept open by a heartbeat this often. */
const HEARTBEAT_MS = 30_000;

/** Ctrl-D: on a terminal the end of the input is a character. */
const END_OF_TRANSMISSION = Uint8Array.of(4);

/** Input larger than this is cut into several records. */
const DATA_BYTES_MAX = 32 * 1024;

/** So many records wait at most when each piece of input waits for room. */
const WAITING_MAX = 16;

/** An open stream without input yet. */
export function inputStream({ clock, containerId, hasTty }: InputOptions): InputStream {
  const queue: Uint8Array[] = [encodeCall({ type: "CONTAINER_ID", container_id: containerId })];
  let isEnded = false;
  let wake = () => {};
  /** Those who wait for room. */
  let patient: (() => void)[] = [];
  let heartbeat: Timer | undefined;

  function put(io: WireProcessIo): void {
    if (isEnded) return;
    queue.push(encodeCall({ type: "PROCESS_IO", process_io: io }));
    wake();
  }

  function tellRoom(): void {
    if (queue.length > WAITING_MAX) return;
    const told = patient;
    patient = [];
    for (const go of told) go();
  }

  function beatLater(): void {
    heartbeat = clock.schedule(HEARTBEAT_MS, () => {
      const interval = { nanoseconds: HEARTBEAT_MS * 1e6 };
      put({ type: "CONTROL", control: { type: "HEARTBEAT", heartbeat: { interval } } });
      beatLater();
    });
  }

  async function* read(): AsyncGenerator<Uint8Array> {
    beatLater();
    try {
      while (!isEnded || queue.length > 0) {
        const record = queue.shift();
        tellRoom();
        if (record !== undefined) yield record;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      heartbeat?.cancel();
      stop();
    }
  }

  function data(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += DATA_BYTES_MAX) put(stdin(bytes.subarray(at, at + DATA_BYTES_MAX)));
    if (isEnded || queue.length <= WAITING_MAX) return Promise.resolve();
    return new Promise((resolve) => patient.push(resolve));
  }

  function stop(): void {
    isEnded = true;
    queue.length = 0;
    wake();
    tellRoom();
  }

  return {
    body: read(),
    data,
    resize: (size) => put({ type: "CONTROL", control: { type: "TTY_INFO", tty_info: { window_size: { ...size } } } }),
    end() {
      // an empty piece is the end of a pipe
      put(stdin(hasTty ? END_OF_TRANSMISSION : new Uint8Array(0)));
      isEnded = true;
      wake();
    },
    stop,
  };
}

function stdin(bytes: Uint8Array): WireProcessIo {
  return { type: "DATA", data: { type: "STDIN", data: Buffer.from(bytes).toString("base64") } };
}

type AttachInput = Extract<WireExecCall, { type: "ATTACH_CONTAINER_INPUT" }>["attach_container_input"];

function encodeCall(input: AttachInput): Uint8Array {
  const call: WireExecCall = { type: "ATTACH_CONTAINER_INPUT", attach_container_input: input };
  return encodeRecord(call);
}
