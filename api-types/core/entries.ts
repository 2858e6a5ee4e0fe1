/** How many keys a map holds; 0 when it is absent. */
export function entriesOf(...maps: readonly unknown[]): number {
  return maps.reduce<number>((sum, map) => sum + Object.keys(map ?? {}).length, 0);
}
