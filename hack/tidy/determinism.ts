import type { Source } from "./sources.js";

/** The mains, and one file that holds a script for a child process of its own. */
const ENVIRONMENT_READERS = /(^|\/)main\.ts$|^apiserver\/storage\/lmdb\/data-file\.ts$/;

/** What may stand in one place only, because a simulation must be able to replace it. */
const RULES: readonly { readonly pattern: RegExp; readonly what: string; readonly allowed: RegExp }[] = [
  {
    pattern:
      /\bDate\.now\(|\bnew Date\(\)|(?<![.\w])setTimeout\(|\bsetInterval\(|\bperformance\.now\(|AbortSignal\.timeout\(/,
    what: "reads a clock or sets a timer",
    allowed: /^platform\/clock\.ts$/,
  },
  {
    pattern: /\bMath\.random\(|\brandomBytes\b|\brandomUUID\b|getRandomValues/,
    what: "draws a random number",
    allowed: /^platform\/random\.ts$/,
  },
  { pattern: /\bprocess\.(env|argv|exit)\b/, what: "uses the process's environment", allowed: ENVIRONMENT_READERS },
  // edges that are sockets, certificates or real processes by nature
  {
    pattern: /from "(undici|node:https?|node:http2|node:net|node:tls|node:dgram|node:child_process)"/,
    what: "reaches the network or processes past its transport",
    allowed:
      /^(platform\/(undici-transport|http-server|line-socket)|apiserver\/http\/listener|apiserver\/storage\/|client\/kubeconfig|drivers\/probe\/network|drivers\/compute\/mesos\/zookeeper\/socket|drivers\/dns\/builtin\/network\/|cli\/|simulator\/(images|process|rack|consul\/dns-server)|api-types\/(format|schema)\/)/,
  },
];

/** Clocks, chance, environment and sockets outside their places. `hack` and tests are free. */
export function checkDeterminism(sources: readonly Source[]): readonly string[] {
  const own = sources.filter(({ path, isTest }) => !isTest && !path.startsWith("hack/"));
  return own.flatMap((source) =>
    RULES.filter((rule) => !rule.allowed.test(source.path)).flatMap((rule) =>
      linesWith(source, rule.pattern).map((line) => `${source.path}:${line}: ${rule.what}`),
    ),
  );
}

function linesWith({ text }: Source, pattern: RegExp): readonly number[] {
  return text
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) && !line.trim().startsWith("*") ? [index + 1] : []));
}
