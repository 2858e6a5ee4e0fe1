/** What candidates are ordered by: the smaller first; `order` decides between equals. */
export interface Score {
  readonly major: number;
  readonly minor: number;
  readonly order: number;
}

/** Items 0 … size-1 by score; an item is in it at most once. */
export interface Heap {
  /** Puts an item in, or moves it. */
  set(item: number, score: Score): void;
  /** The item with the smallest score. */
  first(): number | undefined;
  has(item: number): boolean;
  /** Whether the item stands at exactly this score. */
  isAt(item: number, score: Score): boolean;
  remove(item: number): void;
}

/** A binary heap that knows where each item is, so that a score can change either way in logarithmic time. */
export function createHeap(size: number): Heap {
  const majors = new Float64Array(size);
  const minors = new Float64Array(size);
  const orders = new Float64Array(size);
  const places = new Int32Array(size).fill(-1);
  const items: number[] = [];

  // every item is below `size`
  const of = (values: Float64Array, item: number) => values[item] ?? 0;
  const isBefore = (a: number, b: number) => {
    if (of(majors, a) !== of(majors, b)) return of(majors, a) < of(majors, b);
    if (of(minors, a) !== of(minors, b)) return of(minors, a) < of(minors, b);
    return of(orders, a) < of(orders, b);
  };
  const put = (item: number, place: number) => {
    items[place] = item;
    places[item] = place;
  };

  function rise(item: number, from: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = items[above] ?? item;
      if (!isBefore(item, parent)) break;
      put(parent, place);
      place = above;
    }
    put(item, place);
    return place;
  }

  function sink(item: number, from: number): void {
    let place = from;
    for (let below = 2 * place + 1; below < items.length; below = 2 * place + 1) {
      const [left, right] = [items[below] ?? item, items[below + 1]];
      const isRight = right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (!isBefore(child, item)) break;
      put(child, place);
      place = isRight ? below + 1 : below;
    }
    put(item, place);
  }

  return {
    set(item, score) {
      majors[item] = score.major;
      minors[item] = score.minor;
      orders[item] = score.order;
      const place = places[item] ?? -1;
      sink(item, rise(item, place < 0 ? items.push(item) - 1 : place));
    },
    first: () => items[0],
    has: (item) => (places[item] ?? -1) >= 0,
    isAt: (item, { major, minor, order }) =>
      of(majors, item) === major && of(minors, item) === minor && of(orders, item) === order,
    remove(item) {
      const place = places[item] ?? -1;
      const last = place < 0 ? undefined : items.pop();
      places[item] = -1;
      if (last !== undefined && last !== item) sink(last, rise(last, place));
    },
  };
}
