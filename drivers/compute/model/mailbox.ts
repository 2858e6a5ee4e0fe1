import { type Observable, Subject } from "rxjs";
import type { Clock } from "../../../platform/clock.js";
import type { TaskStatus } from "../driver.js";

const REDELIVER_MS = 10_000;

/** Tells statuses as a master does. */
export interface Mailbox {
  /** Never completes before `close`, cannot error, does not replay. */
  readonly statuses$: Observable<TaskStatus>;
  /** A change: told, and repeated, until acknowledged. */
  post(status: TaskStatus): void;
  /** A statement: told once, nothing to acknowledge. */
  tell(status: TaskStatus): void;
  acknowledge(status: TaskStatus): void;
  close(): void;
}

/** Statuses of one task wait for each other's acknowledgement, and are repeated until they have it. */
export function createMailbox(clock: Clock): Mailbox {
  const statuses = new Subject<TaskStatus>();
  const waiting = new Map<string, TaskStatus[]>();
  let count = 0;
  let isClosed = false;

  function deliver(taskId: string): void {
    const head = waiting.get(taskId)?.[0];
    if (head === undefined || isClosed) return;
    statuses.next(head);
    clock.schedule(REDELIVER_MS, () => {
      if (waiting.get(taskId)?.[0] === head) deliver(taskId);
    });
  }

  return {
    statuses$: statuses.asObservable(),
    post(status: TaskStatus): void {
      count += 1;
      const queue = waiting.get(status.taskId) ?? [];
      waiting.set(status.taskId, queue);
      queue.push({ ...status, acknowledgement: `status-${count}` });
      if (queue.length === 1) clock.schedule(0, () => deliver(status.taskId));
    },
    tell(status: TaskStatus): void {
      clock.schedule(0, () => statuses.next(status));
    },
    acknowledge({ taskId, acknowledgement }: TaskStatus): void {
      const queue = waiting.get(taskId);
      if (acknowledgement === undefined || queue?.[0]?.acknowledgement !== acknowledgement) return;
      queue.shift();
      if (queue.length === 0) waiting.delete(taskId);
      else clock.schedule(0, () => deliver(taskId));
    },
    close(): void {
      isClosed = true;
      statuses.complete();
    },
  };
}
