/** `12.5%`: enough digits for every use, few enough for exact arithmetic at any time. */
const PERCENTAGE = /^(\d{1,9})(?:\.(\d{1,9}))?%$/;
const COUNT = /^\d{1,9}$/;

/** A share as its parts: a number of things, or a fraction of all of them. */
type Share =
  | { readonly type: "count"; readonly count: number }
  | { readonly type: "fraction"; readonly numerator: bigint; readonly denominator: bigint };

/** What `update.maxSurge` and its like may say, for error messages. */
export const SHARE_RULE = "must be a whole number of at least 0, or a percentage such as 25% or 12.5%";

/** Whether `value` is a whole number of at least 0 or a percentage, decimals allowed: `3`, `25%`, `12.5%`. */
export function isShare(value: number | string): boolean {
  return parsed(value) !== undefined;
}

/** Whether a share is a percentage above 100. */
export function isMoreThanAll(value: number | string): boolean {
  const share = parsed(value);
  return share?.type === "fraction" && share.numerator > share.denominator;
}

/**
 * How many of `total` a share stands for, rounded down, exactly: 7% of 100 is 7, and 0.5% of 1000 is 5. A number stands for
 * itself, whatever the total. Throws RangeError on text that is no share, and on a total that is no whole number.
 */
export function shareOf(value: number | string, total: number): number {
  const share = parsed(value);
  if (share === undefined) throw new RangeError(`not a share: ${JSON.stringify(value)}`);
  return share.type === "count" ? share.count : Number((BigInt(total) * share.numerator) / share.denominator);
}

function parsed(value: number | string): Share | undefined {
  if (typeof value === "number")
    return Number.isSafeInteger(value) && value >= 0 ? { type: "count", count: value } : undefined;
  // a variable of the Rack may hold a number, and is text
  if (COUNT.test(value)) return { type: "count", count: Number(value) };
  const match = PERCENTAGE.exec(value);
  if (match === null) return undefined;
  const [, whole = "", decimals = ""] = match;
  return {
    type: "fraction",
    numerator: BigInt(`${whole}${decimals}`),
    denominator: 100n * 10n ** BigInt(decimals.length),
  };
}
