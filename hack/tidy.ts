import { checkDeterminism } from "./tidy/determinism.js";
import { checkImports } from "./tidy/imports.js";
import { checkReasons } from "./tidy/reasons.js";
import { checkSizes } from "./tidy/sizes.js";
import { readSources } from "./tidy/sources.js";

// Checks what STYLE says and no linter knows: who imports whom, sizes, injected time and chance, unique reasons.

const sources = readSources();
if (sources.length === 0) {
  console.error("tidy: no source file was found; run it from the root of the project");
  process.exit(1);
}
const faults = [
  ...checkImports(sources),
  ...checkSizes(sources),
  ...checkDeterminism(sources),
  ...checkReasons(sources),
];
for (const fault of faults) console.error(fault);
console.log(`tidy: ${sources.length} files, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
