import type { World, WorldOptions } from "../world/world.js";

/** Something that is looked at all the time; breaches are gathered as sentences. */
export interface Watch {
  readonly breaches: readonly string[];
  /** Called every half second of virtual time. */
  look(): void;
}

/** A story that unfolds by the clock, whatever goes wrong meanwhile. */
export interface Scenario {
  readonly name: string;
  createWorld(options: Pick<WorldOptions, "seed" | "log" | "store">): Promise<World>;
  /** Names that, once they answered, always must. */
  readonly names: readonly string[];
  /** Which tasks a fault script may kill. */
  readonly routedTasks: RegExp;
  /** What else must hold at every instant; watches from now on. */
  readonly watch?: (world: World, isExcused: () => boolean) => Watch;
  /** Something goes on for ever: nobody waits for stillness in the end. */
  readonly isRestless?: boolean;
  /** How long it may take to come to rest; default: 240 s. */
  readonly convergenceMs?: number;
  /** When it has come to rest as it should; default: everything is Ready and the rack is as the objects say. */
  readonly isDone?: (world: World) => Promise<boolean>;
  /** What else must hold in the end: a sentence for each thing that does not. */
  readonly check?: (world: World) => Promise<readonly string[]>;
  /** In order of time. */
  readonly steps: readonly { readonly atMs: number; readonly run: (world: World) => Promise<unknown> }[];
  /** True: only mishaps that end no task and cut no agent off are drawn. */
  readonly sparesTasks?: boolean;
  readonly faultsFromMs: number;
  readonly faultsUntilMs: number;
  /** From here on nothing happens any more: it must converge and stay so. */
  readonly endMs: number;
}
