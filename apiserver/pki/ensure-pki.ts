import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { StatusError } from "../../api-types/meta/status-error.js";
import type { Clock } from "../../platform/clock.js";
import { type Certified, createAuthority, inspect, issue, type Subject, type Validity } from "./authority.js";

/** Everything a server and its administrator need for mutual TLS, as PEM. */
export interface Pki {
  /** Certificate of the authority. */
  readonly authority: string;
  readonly server: Certified;
  /** The administrator: user `rackwright-admin` of group system:masters. */
  readonly admin: Certified;
}

export interface PkiOptions {
  readonly directory: string;
  /** Names and addresses under which the server is reached. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** Certificates are renewed at the first start within this time before their end. */
const RENEW_BEFORE_DAYS = 30;
/** Clocks of clients may be this much behind. */
const BACKDATE_MS = 60 * 60 * 1000;

/** Reads the certificates of this installation; makes those that are absent, near their end or for other hosts. */
export async function ensurePki(options: PkiOptions): Promise<Pki> {
  const { directory } = options;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const known = await readCertified(directory, "ca");
    const isKept = known !== undefined && isLasting(options, known);
    const authority = isKept ? known : await makeAuthority(options);
    const leaf = (name: string, subject: Subject) =>
      ensureLeaf(options, { authority, name, subject, mayReuse: isKept });
    return {
      authority: authority.certificate,
      server: await leaf("server", { commonName: "rackwright-server", hosts: options.hosts }),
      admin: await leaf("admin", { commonName: "rackwright-admin", organisations: ["system:masters"] }),
    };
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError("InternalError", `preparing certificates in ${directory}: ${String(error)}`, {
      cause: error,
    });
  }
}

interface Leaf {
  readonly authority: Certified;
  readonly name: string;
  readonly subject: Subject;
  readonly mayReuse: boolean;
}

async function makeAuthority(options: PkiOptions): Promise<Certified> {
  const made = await createAuthority(validity(options, AUTHORITY_DAYS));
  await writeCertified(options.directory, "ca", made);
  return made;
}

async function ensureLeaf(options: PkiOptions, { authority, name, subject, mayReuse }: Leaf): Promise<Certified> {
  const known = mayReuse ? await readCertified(options.directory, name) : undefined;
  if (known !== undefined && isLasting(options, known) && covers(known, subject.hosts ?? [])) return known;
  const made = await issue(authority, subject, validity(options, LEAF_DAYS));
  await writeCertified(options.directory, name, made);
  return made;
}

function validity({ clock }: PkiOptions, days: number): Validity {
  const now = clock.now();
  return { from: now - BACKDATE_MS, until: now + days * DAY_MS };
}

function isLasting({ clock }: PkiOptions, { certificate }: Certified): boolean {
  const until = inspect(certificate)?.until;
  return until !== undefined && until - clock.now() > RENEW_BEFORE_DAYS * DAY_MS;
}

function covers({ certificate }: Certified, hosts: readonly string[]): boolean {
  const named = new Set(inspect(certificate)?.hosts);
  return hosts.every((host) => named.has(host));
}

async function readCertified(directory: string, name: string): Promise<Certified | undefined> {
  const certificate = await readIfPresent(join(directory, `${name}.crt`));
  const key = await readIfPresent(join(directory, `${name}.key`));
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function writeCertified(directory: string, name: string, { certificate, key }: Certified): Promise<void> {
  await writePrivate(join(directory, `${name}.key`), key);
  await writePrivate(join(directory, `${name}.crt`), certificate);
}

/** Replaces a file in one step, readable by its owner only. */
export async function writePrivate(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  // the mode above holds for new files only
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}
