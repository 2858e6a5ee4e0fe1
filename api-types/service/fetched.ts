/** The schemes that agents fetch from. */
export const FETCH_SCHEMES: readonly string[] = ["http", "https", "ftp", "ftps", "hdfs", "s3", "file"];

/** What an agent unpacks, by the end of the name. */
const ARCHIVE = /\.(tar|tar\.gz|tgz|tar\.bz2|tbz2|tar\.xz|txz|gz|zip)$/;

/** The scheme of an address that is fetched, in lower case; undefined when it has none that agents know. */
export function schemeOf(uri: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9]*):\/\/./.exec(uri)?.[1]?.toLowerCase();
  return scheme !== undefined && FETCH_SCHEMES.includes(scheme) ? scheme : undefined;
}

/** Whether the name of a fetched file says that it is an archive: what `fetch[].extract` is when it is unset. */
export function isArchive(uri: string): boolean {
  return ARCHIVE.test(uri.replace(/[?#].*$/s, ""));
}
