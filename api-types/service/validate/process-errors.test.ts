import { describe, expect, it } from "vitest";
import { checkServices, groupFaults } from "./testing.js";

const secretKeyRef = { name: "a", key: "b" };
const env = (variable: object) => ({ env: [{ name: "A", ...variable }] });
const fetch = (file: object) => ({ fetch: [{ uri: "http://host/a.zip", ...file }] });
const SCHEMES = "must be an address of one of these schemes: http, https, ftp, ftps, hdfs, s3, file";

describe("what a service runs", () => {
  checkServices({
    good: [
      ["an image alone", {}],
      ["a shell line without an image", { image: undefined, shell: "sleep 1" }],
      ["a command of one character", { image: undefined, shell: "w" }],
      ["arguments of an image", { args: ["-v"] }],
      ["no arguments of an image", { args: [] }],
      ["an image that Mesos runs", { containerizer: "Mesos", imagePullSecrets: [{ name: "registry" }] }],
      ["privileges with Docker", { privileged: true, dockerParameters: [{ key: "net", value: "host" }] }],
      ["an empty value", env({ value: "" })],
      ["a value of a Secret", env({ valueFrom: { secretKeyRef } })],
      ["a value of a ConfigMap", env({ valueFrom: { configMapKeyRef: secretKeyRef } })],
      ["128,000 bytes in a variable", env({ value: "x".repeat(128_000) })],
      ...[
        "http://h/a",
        "https://h/a",
        "ftp://h/a",
        "ftps://h/a",
        "hdfs://n:1/a",
        "s3://b/k",
        "file:///a",
        "$(URL)",
      ].map((uri) => [`a file from ${uri}`, fetch({ uri })] as const),
      ["a destination below the sandbox", fetch({ destination: "bin/tool" })],
      ["a destination with a variable", fetch({ destination: "$(NAME)" })],
      ["volumes", { volumes: [{ hostPath: "/data", containerPath: "/x" }] }],
    ],
    bad: [
      ["nothing to run", { image: undefined }, "image: Required value: one of image, command and shell must be set"],
      [
        "arguments without an image",
        { image: undefined, args: ["-v"] },
        "image: Required value: args are arguments of an image's entry point",
      ],
      ["command and shell", { command: ["a"], shell: "a" }, "shell: Forbidden: may not be set together with command"],
      ["shell and arguments", { shell: "a", args: ["a"] }, "args: Forbidden: may not be set together with shell"],
      [
        "Docker without an image",
        { image: undefined, shell: "a", containerizer: "Docker" },
        "image: Required value: the containerizer Docker needs one",
      ],
      [
        "privileges without Docker",
        { image: undefined, shell: "a", privileged: true },
        "privileged: Forbidden: needs an image that is run by Docker",
      ],
      [
        "parameters of docker without Docker",
        { containerizer: "Mesos", dockerParameters: [{ key: "a", value: "b" }] },
        "dockerParameters: Forbidden: needs an image that is run by Docker",
      ],
      [
        "credentials of a registry with Docker",
        { imagePullSecrets: [{ name: "a" }] },
        "imagePullSecrets: Forbidden: needs the containerizer Mesos: Docker uses the credentials of the node",
      ],
      [
        "credentials without an image",
        { image: undefined, shell: "a", imagePullSecrets: [{ name: "a" }] },
        "imagePullSecrets: Forbidden: needs an image",
      ],
      ["a variable without a value", env({}), "env[0].value: Required value: one of value and valueFrom"],
      [
        "a variable with two values",
        env({ value: "a", valueFrom: { secretKeyRef } }),
        "env[0].valueFrom: Forbidden: may not be set together with value",
      ],
      [
        "a value from nowhere",
        env({ valueFrom: {} }),
        "env[0].valueFrom: Required value: one of secretKeyRef and configMapKeyRef",
      ],
      [
        "a value from two places",
        env({ valueFrom: { secretKeyRef, configMapKeyRef: secretKeyRef } }),
        "env[0].valueFrom.configMapKeyRef: Forbidden: may not be set together with secretKeyRef",
      ],
      [
        "a variable that cannot be named",
        { env: [{ name: "A=B", value: "" }] },
        'env[0].name: Invalid value: "A=B": must not contain `=`',
      ],
      [
        "a NUL in a value",
        env({ value: "\0" }),
        'env[0].value: Invalid value: "\\u0000": must not contain a NUL character',
      ],
      [
        "a variable twice",
        {
          env: [
            { name: "A", value: "" },
            { name: "A", value: "" },
          ],
        },
        'env[1]: Duplicate value: {"name":"A"}',
      ],
      [
        "a file from elsewhere",
        fetch({ uri: "gopher://h/a" }),
        `fetch[0].uri: Invalid value: "gopher://h/a": ${SCHEMES}`,
      ],
      ["a file from a path", fetch({ uri: "/a" }), `fetch[0].uri: Invalid value: "/a": ${SCHEMES}`],
      ...["/etc/passwd", "../a", "a/../b", ""].map(
        (destination) =>
          [
            `the destination "${destination}"`,
            fetch({ destination }),
            `fetch[0].destination: Invalid value: "${destination}": must be a path inside the sandbox: relative, without \`..\``,
          ] as const,
      ),
      [
        "a relative path",
        { volumes: [{ hostPath: "data", containerPath: "/data" }] },
        'volumes[0].hostPath: Invalid value: "data": must be an absolute path without `..`',
      ],
      [
        "a path that climbs",
        { volumes: [{ hostPath: "/run/../etc", containerPath: "/x" }] },
        'volumes[0].hostPath: Invalid value: "/run/../etc": must be an absolute path without `..`',
      ],
      [
        "two volumes at one place",
        { volumes: ["/a", "/b"].map((hostPath) => ({ hostPath, containerPath: "/x" })) },
        'volumes[1]: Duplicate value: {"containerPath":"/x"}',
      ],
      [
        "a label that Kubernetes refuses",
        { labels: { "a b": "c" } },
        'labels: Invalid value: "a b": must be a name, or a DNS name, `/` and a name',
      ],
    ],
  });
});

describe("what is too much", () => {
  it("a value of 1 MB is told by its limit", () => {
    expect(groupFaults([env({ value: "x".repeat(1_000_000) })])).toEqual([
      "spec.services[0].env[0].value: Too long: may not be more than 131000 bytes",
    ]);
  });

  it("an environment of 1 MB is told by its limit", () => {
    const variables = Array.from({ length: 10 }, (_, index) => ({ name: `A${index}`, value: "x".repeat(100_000) }));
    expect(groupFaults([{ env: variables }])).toEqual([
      "spec.services[0].env: Too long: 1000020 bytes: names and values may not be more than 524288 bytes (512 KiB) in all",
    ]);
  });

  it("10,000 services are told by their limit, and none is looked into", () => {
    const services = Array.from({ length: 10_000 }, (_, index) => ({ name: `-${index}`, x: 1 }));
    expect(groupFaults(services)).toEqual(["spec.services: Too many: 10000: must have at most 200 items"]);
  });

  it("a name that never ends is shown by its beginning", () => {
    const [fault = ""] = groupFaults([{ name: "x".repeat(1_000_000) }]);
    expect(fault).toContain("at most 63 characters");
    expect(fault.length).toBeLessThan(2000);
  });
});
