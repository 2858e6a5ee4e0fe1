import { describe } from "vitest";
import { checkServices } from "./testing.js";

const attached = (...tasks: readonly object[]) => ({
  attached: tasks.map((task, index) => ({ name: `t${index}`, image: "fluentd", ...task })),
});
const at = "attached[0]";
const check = (fields: object) => attached({ healthChecks: [{ name: "a", tcpSocket: { port: 1 }, ...fields }] });

describe("attached tasks", () => {
  checkServices({
    good: [
      ["two", attached({}, {})],
      ["one without an image", attached({ image: undefined, shell: "w" })],
      ["one that is required", attached({ required: true, restart: { policy: "Never" } })],
      ...["Host", "Bridge", "Routed", "Container", "None"].map(
        (mode) => [`one with network ${mode}`, attached({ network: { mode } })] as const,
      ),
      ["a health check", check({})],
      ["a health check by command", check({ tcpSocket: undefined, exec: { shell: "true" }, probeFrom: "Agent" })],
      [
        "a health check beside the service's own",
        { ...check({}), healthChecks: [{ name: "a", exec: { shell: "true" } }] },
      ],
      ["a value of a Secret", attached({ env: [{ name: "A", valueFrom: { secretKeyRef: { name: "a", key: "b" } } }] })],
    ],
    bad: [
      [
        "the name of the service",
        attached({ name: "web" }),
        `${at}.name: Invalid value: "web": is the name of the service itself`,
      ],
      [
        "a name that is no label",
        attached({ name: "a.b" }),
        `${at}.name: Invalid value: "a.b": must consist of lower case alphanumeric characters or '-', start and end with one, and be at most 63 characters long`,
      ],
      ["one name twice", attached({ name: "a" }, { name: "a" }), 'attached[1]: Duplicate value: {"name":"a"}'],
      [
        "nothing to run",
        attached({ image: undefined }),
        `${at}.image: Required value: one of image, command and shell must be set`,
      ],
      [
        "two commands",
        attached({ shell: "a", command: ["b"] }),
        `${at}.shell: Forbidden: may not be set together with command`,
      ],
      [
        "privileges without Docker",
        attached({ image: undefined, shell: "a", privileged: true }),
        `${at}.privileged: Forbidden: needs an image that is run by Docker`,
      ],
      [
        "a variable without a value",
        attached({ env: [{ name: "A" }] }),
        `${at}.env[0].value: Required value: one of value and valueFrom`,
      ],
      [
        "memory that is none",
        attached({ resources: { memory: "x" } }),
        `${at}.resources.memory: Invalid value: "x": must be a quantity such as 500m, 2 or 128Mi`,
      ],
      [
        "devices with Docker",
        attached({ resources: { gpu: 1 } }),
        `${at}.resources.gpu: Forbidden: needs the containerizer Mesos`,
      ],
      [
        "a check by the controller",
        check({ probeFrom: "Controller" }),
        `${at}.healthChecks[0].probeFrom: Invalid value: "Controller": must be Agent: attached tasks are probed by the agent only`,
      ],
      [
        "interim answers ignored",
        check({ tcpSocket: undefined, httpGet: { port: 1 }, ignoreHttp1xx: true }),
        `${at}.healthChecks[0].ignoreHttp1xx: Forbidden: attached tasks are probed by the agent only`,
      ],
      [
        "a check of a port by name",
        check({ tcpSocket: { port: "http" } }),
        `${at}.healthChecks[0].tcpSocket.port: Invalid value: "http": an attached task has no ports of its own: give a number`,
      ],
      [
        "a second check",
        attached({
          healthChecks: [
            { name: "a", exec: { shell: "a" } },
            { name: "b", exec: { shell: "b" } },
          ],
        }),
        `${at}.healthChecks: Too many: 2: must have at most 1 items`,
      ],
    ],
  });
});
