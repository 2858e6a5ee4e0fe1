/**
 * Orders keys as their UTF-8 bytes do, which is the order of code points: negative when `a` comes first.
 * JavaScript's own `<` differs where surrogates meet the code units above them.
 */
export function compareKeys(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above every single code unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Whether a key is below `prefix` for a list or a watch: internal keys (`_…`) only when the prefix itself is internal. */
export function isBelow(key: string, prefix: string): boolean {
  return key.startsWith(prefix) && (isInternal(prefix) || !isInternal(key));
}

/** Whether a key is the store's users' own bookkeeping, which watches never deliver. */
export function isInternal(key: string): boolean {
  return key.charCodeAt(0) === 0x5f;
}

/** The index of the first of the sorted `keys` that is not before `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    // middle is below keys.length
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
