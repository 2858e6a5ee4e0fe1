import "reflect-metadata";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../platform/http-server.js";
import { clientFromKubeconfig } from "./kubeconfig.js";
import { fakeApi } from "./testing/fake-api.js";
import { Widget } from "./testing/fake-kind.js";

const host = "127.0.0.1";
const options = { userAgent: "test" };
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubeconfig-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(cluster: Record<string, unknown>, user: Record<string, unknown>): Promise<string> {
  const path = join(folder, "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "here",
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [
      { name: "here", context: { cluster: "c", user: "u", namespace: "ns" } },
      { name: "empty", context: { cluster: "missing", user: "u" } },
    ],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

async function certificate(name: string) {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const signed = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    notBefore: new Date(Date.UTC(2020, 0, 1)),
    notAfter: new Date(Date.UTC(2049, 0, 1)),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: "ip", value: host }])],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { cert: signed.toString("pem"), key };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("clientFromKubeconfig", () => {
  it("speaks over sockets with the token and namespace of the context, watches included", async () => {
    const api = fakeApi(Widget);
    const tokens = new Set<string | undefined>();
    const server = await serve(
      (request) => {
        tokens.add(request.headers.authorization);
        return api.handler(request);
      },
      { host, port: 0 },
    );
    const path = await write({ server: `http://${host}:${server.port}/` }, { token: "abc" });
    const { client, namespace, close } = await clientFromKubeconfig(path, options);
    expect(namespace).toBe("ns");
    const { resourceVersion } = await client.list(Widget);
    const event = new Promise((resolve, reject) => {
      const subscription = client.watch$(Widget, { resourceVersion }).subscribe({
        next: (seen) => {
          subscription.unsubscribe();
          resolve(seen);
        },
        error: reject,
      });
    });
    await client.create(Widget, { metadata: { namespace, name: "a" }, spec: { size: 1 } });
    expect(await event).toMatchObject({ type: "ADDED", object: { metadata: { name: "a" } } });
    expect([...tokens]).toEqual(["Bearer abc"]);
    await close();
    await server.close();
  });

  it("presents the client certificate and trusts the named authority only", async () => {
    const own = await certificate("server");
    const client = await certificate("operator");
    const names: unknown[] = [];
    const server: Server = createServer(
      { ...own, requestCert: true, rejectUnauthorized: false },
      (incoming, outgoing) => {
        names.push((incoming.socket as TLSSocket).getPeerCertificate().subject.CN); // an HTTPS server's sockets are TLS
        outgoing.end(JSON.stringify({ metadata: { resourceVersion: "7" }, items: [] }));
      },
    );
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const address = server.address();
    const url = `https://${host}:${typeof address === "object" ? address?.port : 0}`;
    const user = { "client-certificate-data": base64(client.cert), "client-key-data": base64(client.key) };

    const trusting = await clientFromKubeconfig(
      await write({ server: url, "certificate-authority-data": base64(own.cert) }, user),
      options,
    );
    expect(await trusting.client.list(Widget)).toMatchObject({ resourceVersion: "7" });
    expect(names).toEqual(["operator"]);
    await trusting.close();

    const foreign = await certificate("other");
    const wary = await clientFromKubeconfig(
      await write({ server: url, "certificate-authority-data": base64(foreign.cert) }, user),
      options,
    );
    await expect(wary.client.list(Widget)).rejects.toMatchObject({ reason: "ServiceUnavailable" });
    expect(names).toHaveLength(1);
    await wary.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    {
      name: "a missing file",
      path: "/nonexistent/config",
      context: {},
      text: "reading kubeconfig /nonexistent/config",
    },
    {
      name: "an unknown context",
      path: undefined,
      context: { context: "other" },
      text: "it has no context other, but ",
    },
    {
      name: "a context without cluster",
      path: undefined,
      context: { context: "empty" },
      text: "its context empty names no cluster",
    },
  ])("names what is wrong: $name", async ({ path, context, text }) => {
    const file = path ?? (await write({ server: "http://x" }, {}));
    const failure = await clientFromKubeconfig(file, { ...options, ...context }).catch((error) => error);
    expect(failure).toMatchObject({ name: "StatusError", reason: "BadRequest" });
    expect(failure.message).toContain(text);
  });
});
