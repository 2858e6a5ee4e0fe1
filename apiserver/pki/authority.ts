import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { isIpv4, isIpv6 } from "../../api-types/format/address.js";

/** A certificate and its key, as PEM. */
export interface Certified {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate says of its holder. */
export interface Subject {
  readonly commonName: string;
  readonly organisations?: readonly string[];
  /** Names and addresses of a server; none for a client. */
  readonly hosts?: readonly string[];
}

/** From when to when a certificate holds, in milliseconds of wall time. */
export interface Validity {
  readonly from: number;
  readonly until: number;
}

/** A new authority that signs certificates for this installation only. */
export async function createAuthority(validity: Validity): Promise<Certified> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ["rackwright-ca"] }],
    ...dates(validity),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** A certificate for a server (with hosts) or a client, signed by the authority. */
export async function issue(authority: Certified, subject: Subject, validity: Validity): Promise<Certified> {
  const keys = await generateKeys();
  const issuer = new X509Certificate(authority.certificate);
  const isServer = subject.hosts !== undefined;
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [subject.commonName] }, ...(subject.organisations ?? []).map((name) => ({ O: [name] }))],
    issuer: issuer.subject,
    ...dates(validity),
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([isServer ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
      ...(isServer ? [new SubjectAlternativeNameExtension((subject.hosts ?? []).map(alternativeName))] : []),
    ],
  });
  return { certificate: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
}

/** When a certificate ends, and whom it names; undefined when it cannot be read. */
export function inspect(pem: string): { readonly until: number; readonly hosts: readonly string[] } | undefined {
  try {
    const certificate = new X509Certificate(pem);
    const names = certificate.getExtension(SubjectAlternativeNameExtension);
    return { until: certificate.notAfter.getTime(), hosts: names?.names.items.map(({ value }) => value) ?? [] };
  } catch {
    return undefined;
  }
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;

function generateKeys() {
  return crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function exportKey(key: Parameters<typeof crypto.subtle.exportKey>[1]): Promise<string> {
  return PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}

function importKey(pem: string) {
  return crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), ALGORITHM, false, ["sign"]);
}

function dates({ from, until }: Validity) {
  return { notBefore: new Date(from), notAfter: new Date(until) };
}

function alternativeName(host: string): { readonly type: "ip" | "dns"; readonly value: string } {
  return { type: isIpv4(host) || isIpv6(host) ? "ip" : "dns", value: host };
}
