import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { isMissing, programOf } from "../../integration/servers.js";
import { type Ended, type Running, run, start } from "../product/rackctl.js";

/** An unmodified kubectl, as a user runs it. */
export interface Kubectl {
  /** Runs one command to its end. */
  (args: readonly string[], options?: KubectlOptions): Promise<Ended>;
  /** Runs one command that must succeed; what it printed. */
  ok(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** Starts a command that goes on, such as a watch. */
  start(args: readonly string[]): Running;
  /** The object as it is stored. */
  read(...names: readonly string[]): Promise<Stored>;
}

export interface KubectlOptions {
  /** Given to stdin, for `-f -`. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the tests look at in an object. */
export interface Stored {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager: string; readonly operation: string }[];
  };
  readonly spec: { readonly replicas: number; readonly suspend: boolean; readonly drainSeconds?: number };
  readonly data?: Readonly<Record<string, string>>;
  readonly items?: readonly Stored[];
}

/** A client to test with; `minor` is that of its version, as far as it matters. */
export interface ClientVersion {
  readonly title: string;
  readonly program: string;
  readonly minor: number;
  readonly isMissing: boolean;
}

/** The newest and the oldest kubectl that are promised to work. */
export const CLIENTS: readonly ClientVersion[] = [
  { title: "kubectl 1.32", program: "kubectl", minor: 32, isMissing: isMissing("kubectl") },
  { title: "kubectl 1.20", program: "kubectl-1.20", minor: 20, isMissing: isMissing("kubectl-1.20") },
];

/** A client with its own home and cache below `folder`. */
export function kubectlOf(program: string, kubeconfig: string, folder: string): Kubectl {
  const path = programOf(program);
  if (path === undefined) throw new Error(`${program} is not installed: run hack/tools/install.sh`);
  const home = mkdtempSync(join(folder, "home-"));
  const env = { HOME: home, KUBECONFIG: kubeconfig };
  const withCache = (args: readonly string[]) => ["--cache-dir", join(home, "cache"), ...args];
  const kubectl = (args: readonly string[], options: KubectlOptions = {}) =>
    run(path, withCache(args), { ...options, env: { ...env, ...options.env } });
  async function ok(args: readonly string[], options: KubectlOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await kubectl(args, options);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  }
  return Object.assign(kubectl, {
    ok,
    start: (args: readonly string[]) => start(path, withCache(args), { env }),
    read: async (...names: readonly string[]): Promise<Stored> => JSON.parse(await ok(["get", ...names, "-o", "json"])),
  });
}
