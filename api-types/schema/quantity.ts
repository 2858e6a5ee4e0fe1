const QUANTITY = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d{1,3})?$/;

const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a Kubernetes quantity stands for: `200m` → 0.2, `128Mi` → 134217728. Throws RangeError on other text. */
export function parseQuantity(quantity: string | number): number {
  const value = quantityOf(quantity);
  if (value === undefined) throw new RangeError(`not a quantity: ${JSON.stringify(quantity)}`);
  return value;
}

/** Whether parseQuantity understands it. */
export function isQuantity(quantity: string | number): boolean {
  return quantityOf(quantity) !== undefined;
}

function quantityOf(quantity: string | number): number | undefined {
  if (typeof quantity === "number") return Number.isFinite(quantity) ? quantity : undefined;
  const match = QUANTITY.exec(quantity);
  if (match === null) return undefined;
  const [, sign = "", digits = "", suffix = ""] = match;
  const magnitude = suffix === "" ? Number(digits) : scaled(digits, suffix);
  return sign === "-" ? -magnitude : magnitude;
}

function scaled(digits: string, suffix: string): number {
  if (/^[eE]./.test(suffix)) return Number(`${digits}${suffix}`);
  const factor = SUFFIXES[suffix] ?? 1;
  // dividing by a whole number is exact where multiplying by a fraction is not: 200m is 0.2, not 0.2000…01
  return factor < 1 ? Number(digits) / Math.round(1 / factor) : Number(digits) * factor;
}
