/**
 * Whether progress notifications of this etcd never overtake events: from 3.4.31 and 3.5.13 on. An unreadable version
 * counts as unsafe.
 */
export function hasSafeProgress(version: string): boolean {
  const parts = /^(\d+)\.(\d+)\.(\d+)/.exec(version);
  if (parts === null) return false;
  const [major = 0, minor = 0, patch = 0] = parts.slice(1).map(Number);
  if (major !== 3) return major > 3;
  if (minor === 4) return patch >= 31;
  if (minor === 5) return patch >= 13;
  return minor > 5;
}
