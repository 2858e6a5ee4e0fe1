/** Why something may be removed (SAFETY R2, DESIGN section 8). Only `absence` needs a completeness proof. */
export type Ground =
  /** The owner is deleted or no longer wants it, read fresh. */
  | { readonly type: "tombstone"; readonly owner: string }
  /** The back end declared this very item terminal or gone in this epoch. */
  | { readonly type: "statement"; readonly source: string; readonly epoch: string }
  /** Its successor is Published. */
  | { readonly type: "replaced"; readonly successor: string }
  /** Missing from two complete lists of one epoch, at least one period apart. */
  | { readonly type: "absence"; readonly source: string; readonly epoch: string; readonly confirmedForMs: number };

/** Which budget an inferred or batched removal is drawn from (SAFETY R4). */
export type BudgetClass = "tasks" | "names" | "routes";

/** Last words of the types of actions that take something away. They need a ground, and so does the compiler. */
export const REMOVAL_VERBS = ["remove", "delete", "deregister", "kill", "withdraw"] as const;

type RemovalType = `${string}.${(typeof REMOVAL_VERBS)[number]}`;
type ChangeType = `${string}.${"add" | "set" | "register" | "launch" | "ready" | "drain"}`;

interface Step<Change> {
  /** The rack whose back end is meant. */
  readonly rack: string;
  /** The item's key at the back end: prefix, name/id, task id. */
  readonly key: string;
  /** What the driver is asked to do. */
  readonly change: Change;
  /** For people: what and why, in one sentence. */
  readonly message: string;
  /** Set when the removal was inferred or batched; what an owner's spec change demands carries none. */
  readonly budgetClass?: BudgetClass;
  /** `uid@generation` of the objects that demand it. */
  readonly cause: readonly string[];
  /** Digests of the observations it rests on. */
  readonly evidence: readonly string[];
  /** The leadership under which it is sent; added by the executor. */
  readonly term?: string;
}

/** One step towards the desired state, as data: printed by dry runs, recorded by the audit log, sent by the executor. */
export type Action<Change = unknown> =
  | (Step<Change> & {
      /** e.g. `route.set`, `dns.register`, `task.launch`. */
      readonly type: ChangeType;
      readonly ground?: undefined;
    })
  | (Step<Change> & {
      /** e.g. `route.remove`, `dns.deregister`, `task.kill`. */
      readonly type: RemovalType;
      readonly ground: Ground;
    });

/** Why an action was not carried out. `GroundMissing`: a removal without proof, which is a bug of its plan. */
export type RefusalReason = "BudgetExceeded" | "Frozen" | "Fenced" | "BackendRefused" | "GroundMissing";

/** What became of an action. `unknown`: it was sent and no answer came, and reading back did not tell either. */
export type Outcome =
  | { readonly type: "verified"; readonly action: Action }
  | {
      readonly type: "refused";
      readonly action: Action;
      readonly reason: RefusalReason;
      readonly message: string;
    }
  | { readonly type: "failed"; readonly action: Action; readonly message: string }
  | { readonly type: "unknown"; readonly action: Action; readonly message: string };

/** Runs actions in order; the only way from a loop to a back end. Stops at the first Fenced. Never rejects. */
export type Execute = (actions: readonly Action[]) => Promise<readonly Outcome[]>;
