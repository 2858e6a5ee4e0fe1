/**
 * The part of the agent API v1 with which programs run beside a task. Published by Mesos (operator-http-api.md,
 * agent.proto), not recorded.
 */

/** A container inside others. */
export interface WireContainerId {
  readonly value: string;
  readonly parent?: WireContainerId;
}

/** A terminal for a container. */
export interface WireTtyInfo {
  readonly window_size: { readonly rows: number; readonly columns: number };
}

/** What flows to and from a program. */
export type WireProcessIo =
  | { readonly type: "DATA"; readonly data: { readonly type: "STDIN" | "STDOUT" | "STDERR"; readonly data?: string } }
  | {
      readonly type: "CONTROL";
      readonly control:
        | { readonly type: "HEARTBEAT"; readonly heartbeat?: { readonly interval?: { readonly nanoseconds: number } } }
        | { readonly type: "TTY_INFO"; readonly tty_info: WireTtyInfo };
    };

/** Calls to start a program, to feed it and to learn its end. */
export type WireExecCall =
  | {
      readonly type: "LAUNCH_NESTED_CONTAINER_SESSION";
      readonly launch_nested_container_session: {
        readonly container_id: WireContainerId;
        readonly command: {
          readonly shell: false;
          readonly value: string;
          readonly arguments: readonly string[];
          readonly user?: string;
        };
        readonly container?: { readonly type: "MESOS"; readonly tty_info: WireTtyInfo };
      };
    }
  | {
      readonly type: "ATTACH_CONTAINER_INPUT";
      readonly attach_container_input:
        | { readonly type: "CONTAINER_ID"; readonly container_id: WireContainerId }
        | { readonly type: "PROCESS_IO"; readonly process_io: WireProcessIo };
    }
  | {
      readonly type: "WAIT_NESTED_CONTAINER";
      readonly wait_nested_container: { readonly container_id: WireContainerId };
    };
