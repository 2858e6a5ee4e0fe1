import type { World, WorldOptions } from "../world/world.js";

/** A story that unfolds by the clock, whatever goes wrong meanwhile. */
export interface Scenario {
  readonly name: string;
  createWorld(options: Pick<WorldOptions, "seed" | "log" | "store">): Promise<World>;
  /** Names that, once they answered, always must. */
  readonly names: readonly string[];
  /** Which tasks a fault script may kill. */
  readonly routedTasks: RegExp;
  /** In order of time. */
  readonly steps: readonly { readonly atMs: number; readonly run: (world: World) => Promise<unknown> }[];
  readonly faultsFromMs: number;
  readonly faultsUntilMs: number;
  /** From here on nothing happens any more: it must converge and stay so. */
  readonly endMs: number;
}
