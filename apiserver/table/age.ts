const SECOND = 1;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A duration as kubectl prints ages: two units while the second one matters, such as `2m9s`, `3h4m`, `5d`, `2y12d`. */
export function printAge(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1000);
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const scale = SCALES.find(({ below }) => seconds < below) ?? LONGEST;
  return printUnits(seconds, scale);
}

interface Scale {
  readonly below: number;
  readonly unit: readonly [number, string];
  readonly detail?: readonly [number, string];
}

/** Up to which age which units are shown, as in k8s.io/apimachinery's duration.HumanDuration. */
const SCALES: readonly Scale[] = [
  { below: 2 * MINUTE, unit: [SECOND, "s"] },
  { below: 10 * MINUTE, unit: [MINUTE, "m"], detail: [SECOND, "s"] },
  { below: 3 * HOUR, unit: [MINUTE, "m"] },
  { below: 8 * HOUR, unit: [HOUR, "h"], detail: [MINUTE, "m"] },
  { below: 2 * DAY, unit: [HOUR, "h"] },
  { below: 8 * DAY, unit: [DAY, "d"], detail: [HOUR, "h"] },
  { below: 2 * YEAR, unit: [DAY, "d"] },
  { below: 8 * YEAR, unit: [YEAR, "y"], detail: [DAY, "d"] },
];
const LONGEST: Scale = { below: Number.POSITIVE_INFINITY, unit: [YEAR, "y"] };

function printUnits(seconds: number, { unit, detail }: Scale): string {
  const whole = Math.floor(seconds / unit[0]);
  const rest = detail === undefined ? 0 : Math.floor((seconds % unit[0]) / detail[0]);
  return rest === 0 || detail === undefined ? `${whole}${unit[1]}` : `${whole}${unit[1]}${rest}${detail[1]}`;
}
