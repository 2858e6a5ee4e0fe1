import { codeLines, type Source } from "./sources.js";

const FILE_LINES_MAX = 300;
const FOLDER_ENTRIES_MAX = 12;
// 1000 and what keeps cached objects in order: sorting them anew at every change was what loops spent most time on
const RUNTIME_LINES_MAX = 1050;
// the last few are for telling a refusal that lasts once in five minutes
const ACTUATION_LINES_MAX = 420;
const CONTROLLER_FILES_MAX = 3;

/** Limits above the common one, each with its reason. */
const FOLDER_EXCEPTIONS: Readonly<Record<string, number>> = {
  // what everybody imports lies flat: one small file for each thing that the outside world gives
  platform: 15,
};
// folders inside a controller hold the parts that its plan is made of, and have the limit of every folder
const CONTROLLER_EXCEPTIONS: Readonly<Record<string, number>> = {
  // the plan of a group, of one of its slots, and what its status says are decisions that are tested apart
  "service-group": 5,
  // adopting, launching and giving offers back are decisions of one round of placement
  placement: 6,
};

/** Files, folders and parts that outgrew their limit. */
export function checkSizes(sources: readonly Source[]): readonly string[] {
  const own = sources.filter((source) => !source.isTest);
  return [...fileFaults(own), ...folderFaults(own), ...partFaults(own), ...controllerFaults(own)];
}

function fileFaults(sources: readonly Source[]): readonly string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = codeLines(text);
    return lines > FILE_LINES_MAX ? [`${path}: ${lines} code lines, at most ${FILE_LINES_MAX}`] : [];
  });
}

function folderFaults(sources: readonly Source[]): readonly string[] {
  const entries = new Map<string, Set<string>>();
  for (const { path } of sources) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join("/");
      entries.set(folder, (entries.get(folder) ?? new Set()).add(parts[depth] ?? ""));
    }
  }
  return [...entries].flatMap(([folder, names]) => {
    const limit = FOLDER_EXCEPTIONS[folder] ?? FOLDER_ENTRIES_MAX;
    const isFree = folder === "api-types" || folder === "controllers";
    return isFree || names.size <= limit ? [] : [`${folder}: ${names.size} entries, at most ${limit}`];
  });
}

function partFaults(sources: readonly Source[]): readonly string[] {
  const total = (folder: string) =>
    sources.filter(({ path }) => path.startsWith(`${folder}/`)).reduce((sum, { text }) => sum + codeLines(text), 0);
  const limits = [
    ["runtime", RUNTIME_LINES_MAX],
    ["actuation", ACTUATION_LINES_MAX],
  ] as const;
  return limits.flatMap(([folder, limit]) => {
    const lines = total(folder);
    return lines > limit ? [`${folder}: ${lines} code lines in all, at most ${limit}`] : [];
  });
}

function controllerFaults(sources: readonly Source[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { path } of sources) {
    const [area, kind, file, inner] = path.split("/");
    if (area === "controllers" && kind !== undefined && file !== undefined && inner === undefined)
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].flatMap(([kind, count]) => {
    const limit = CONTROLLER_EXCEPTIONS[kind] ?? CONTROLLER_FILES_MAX;
    return count > limit ? [`controllers/${kind}: ${count} source files, at most ${limit}`] : [];
  });
}
