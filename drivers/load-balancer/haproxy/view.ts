import { StatusError } from "../../../api-types/meta/status-error.js";
import type { Clock } from "../../../platform/clock.js";
import type { AskLine } from "../../../platform/line-socket.js";
import type { Logger } from "../../../platform/log.js";
import type { Random } from "../../../platform/random.js";
import type { TextFiles } from "../../../platform/text-file.js";
import type { BalancerItem } from "../driver.js";
import type { SectionOptions } from "./config.js";
import { itemsOf } from "./observed.js";

/** What the driver of one HAProxy is made of. */
export interface HaproxyOptions extends SectionOptions {
  readonly ask: AskLine;
  readonly files: TextFiles;
  /** Sockets of the runtime API and of the master process: a path, or `host:port`. */
  readonly adminSocket: string;
  readonly masterSocket: string;
  /** Path of the file that we own; this process and HAProxy both reach it. */
  readonly configFile: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly periodMs: number;
}

/** Asks the process, its master, and the file. */
export async function readItems(options: HaproxyOptions, signal?: AbortSignal): Promise<Map<string, BalancerItem>> {
  const { ask, files, adminSocket, masterSocket, configFile } = options;
  const stat = await ask(adminSocket, "show stat -1 7 -1", signal);
  const processes = await ask(masterSocket, "show proc", signal);
  const file = await files.read(configFile).catch((error: unknown) => {
    throw new StatusError(
      "ServiceUnavailable",
      `reading ${configFile}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  });
  return itemsOf(options, { stat, processes, file });
}
