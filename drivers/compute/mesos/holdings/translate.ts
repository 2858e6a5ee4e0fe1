import type { Clock } from "../../../../platform/clock.js";
import type { Task, TaskStatus } from "../../driver.js";
import { inTurns } from "../listing/lists.js";
import type { Piece } from "../listing/pieces.js";
import { parseTask } from "../mapping/event.js";
import { type ContainerFacts, taskOf } from "../mapping/status.js";

/** What updates told of one task, remembered between listings. */
export interface Memory {
  readonly facts: ContainerFacts;
  readonly status: TaskStatus;
  readonly heardAt: number;
}

/** Translates listings of tasks. */
export interface TaskTranslator {
  /**
   * The tasks of a framework, in as many turns of the event loop as that takes. One of which nothing changed since the last
   * listing is the same object. Rejects on a damaged task.
   */
  translate(pieces: readonly Piece[], frameworkId: string): Promise<readonly Task[]>;
}

/** A task, or that it is another framework's, and what it was translated with. */
interface Translated {
  readonly task: Task | undefined;
  readonly memory: Memory | undefined;
}

/** Holds what came of the last listing, to translate only what is new in the next. */
export function taskTranslator(clock: Clock, memories: ReadonlyMap<string, Memory>): TaskTranslator {
  let last = new Map<number, Translated>();
  let lastFrameworkId = "";

  function translated(piece: Piece, frameworkId: string): Translated {
    const known = frameworkId === lastFrameworkId ? last.get(piece.mark) : undefined;
    if (known !== undefined && known.memory === memories.get(known.task?.id ?? "")) return known;
    const wire = parseTask(piece.parse());
    if (wire === undefined) throw new Error("GET_TASKS lists what is no task");
    const memory = memories.get(wire.task_id.value);
    const isOurs = wire.framework_id.value === frameworkId;
    return isOurs ? { task: taskOf(wire, memory), memory } : { task: undefined, memory: undefined };
  }

  return {
    async translate(pieces, frameworkId) {
      const next = new Map<number, Translated>();
      const tasks = await inTurns(pieces, clock, (piece) => {
        const found = translated(piece, frameworkId);
        next.set(piece.mark, found);
        return found.task;
      });
      last = next;
      lastFrameworkId = frameworkId;
      return tasks.filter((task) => task !== undefined);
    },
  };
}
