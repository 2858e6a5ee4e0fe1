import { describe } from "vitest";
import { checkServices } from "./testing.js";

const PORTS = [
  { name: "http", hostPort: 80 },
  { name: "dns", hostPort: 53, protocol: "UDP" },
];
const service = (fields: object, mode = "Host") => ({
  network: { mode, ports: mode === "Routed" ? [{ name: "http", containerPort: 80 }] : PORTS },
  ...fields,
});
const health = (...checks: readonly object[]) => ({
  healthChecks: checks.map((check, index) => ({ name: `c${index}`, ...check })),
});
const http = { httpGet: { port: "http" } };
const exec = { exec: { shell: "true" } };
const byAgent = { probeFrom: "Agent" };
const byController = { probeFrom: "Controller" };
const at = "healthChecks[0]";
const STATUSES = "the agent cannot tell one HTTP status from another";
const ROOM = "exec and the network modes Routed, Container and None are probed by the agent only";

describe("health checks", () => {
  checkServices({
    good: [
      ["a check on a named port", service(health(http))],
      ["a check on a port of any number", service(health({ tcpSocket: { port: 9 } }))],
      ["a check on a variable", service(health({ tcpSocket: { port: "$(PORT)" } }))],
      ["a check by command", service(health({ ...exec, ...byAgent }))],
      ["a check by program", service(health({ exec: { command: ["a"] } }))],
      ["a check by the controller", service(health({ ...http, ...byController }))],
      ["several checks", service(health(http, http, exec))],
      ["no word on interim answers", service(health({ ...http, ...byController, ignoreHttp1xx: true }))],
      ["no word on interim answers from the second check", service(health(http, { ...http, ignoreHttp1xx: true }))],
      ["a threshold of 0: never", service(health({ ...http, failureThreshold: 0 }))],
      ["a path with a query", service(health({ httpGet: { port: 80, path: "/a?b=c" } }))],
      ["a check of a routed address", service(health(http), "Routed")],
    ],
    bad: [
      ["a check without a probe", service(health({})), `${at}: Required value: one of httpGet, tcpSocket and exec`],
      [
        "a check with two probes",
        service(health({ tcpSocket: { port: 1 }, ...exec })),
        `${at}.exec: Forbidden: may not be set together with tcpSocket`,
      ],
      [
        "a check of an unknown port",
        service(health({ tcpSocket: { port: "b" } })),
        `${at}.tcpSocket.port: Invalid value: "b": no port of this service has this name`,
      ],
      [
        "a check of port 0",
        service(health({ tcpSocket: { port: 0 } })),
        `${at}.tcpSocket.port: Invalid value: 0: must be between 1 and 65535`,
      ],
      [
        "a check of a port beyond all ports",
        service(health({ httpGet: { port: "65536" } })),
        `${at}.httpGet.port: Invalid value: "65536": must be between 1 and 65535`,
      ],
      [
        "a check of a UDP port",
        service(health({ tcpSocket: { port: "dns" } })),
        `${at}.tcpSocket.port: Invalid value: "dns": must be a TCP port`,
      ],
      [
        "a check without a command",
        service(health({ exec: {} })),
        `${at}.exec: Required value: one of command and shell`,
      ],
      [
        "a check with two commands",
        service(health({ exec: { shell: "a", command: ["a"] } })),
        `${at}.exec.shell: Forbidden: may not be set together with command`,
      ],
      [
        "a path that is relative",
        service(health({ httpGet: { port: 80, path: "a" } })),
        `${at}.httpGet.path: Invalid value: "a": must begin with \`/\`, and hold no spaces and nothing beyond ASCII`,
      ],
      [
        "a path that ends the request",
        service(health({ httpGet: { port: 80, path: "/ HTTP/1.1\r\n" } })),
        `${at}.httpGet.path: Invalid value: "/ HTTP/1.1\\r\\n": must begin with \`/\`, and hold no spaces and nothing beyond ASCII`,
      ],
      [
        "two checks by the agent",
        service(health({ ...http, ...byAgent }, { ...http, ...byAgent })),
        `healthChecks[1]: Forbidden: a task has room for one check by its agent, which is "c0"; ${ROOM}`,
      ],
      [
        "two commands as checks",
        service(health(exec, exec)),
        `healthChecks[1]: Forbidden: a task has room for one check by its agent, which is "c0"; ${ROOM}`,
      ],
      [
        "two checks of a routed address",
        service(health(http, http), "Routed"),
        `healthChecks[1]: Forbidden: a task has room for one check by its agent, which is "c0"; ${ROOM}`,
      ],
      [
        "a command run by the controller",
        service(health({ ...exec, ...byController })),
        `${at}.probeFrom: Invalid value: "Controller": must be Agent: exec is probed by the agent only`,
      ],
      [
        "a routed address probed by the controller",
        service(health({ ...http, ...byController }), "Routed"),
        `${at}.probeFrom: Invalid value: "Controller": must be Agent: network mode Routed is probed by the agent only`,
      ],
      [
        "interim answers ignored by the agent",
        service(health({ ...http, ignoreHttp1xx: true })),
        `${at}.ignoreHttp1xx: Forbidden: needs probeFrom Controller: the agent cannot ignore answers`,
      ],
      [
        "interim answers of a socket",
        service(health({ tcpSocket: { port: 1 }, ...byController, ignoreHttp1xx: true })),
        `${at}.ignoreHttp1xx: Forbidden: needs httpGet`,
      ],
      [
        "the name of the readiness check",
        service(health({ ...http, name: "readiness" })),
        `${at}.name: Invalid value: "readiness": is the name of the readinessCheck`,
      ],
      [
        "a check twice by name",
        service({
          healthChecks: [
            { name: "a", ...http },
            { name: "a", ...http },
          ],
        }),
        'healthChecks[1]: Duplicate value: {"name":"a"}',
      ],
    ],
  });
});

describe("the readiness check", () => {
  const ready = (check: object, more: object = {}) => service({ readinessCheck: check, ...more });
  checkServices({
    good: [
      ["one", ready(http)],
      ["one by the agent", ready({ tcpSocket: { port: "http" }, ...byAgent })],
      ["one of a routed address", service({ readinessCheck: { tcpSocket: { port: "http" } } }, "Routed")],
      ["one by the agent beside a health check", ready({ ...exec }, health(http))],
      ["other statuses", ready({ ...http, expectedStatuses: [200, 204] })],
      ["an answer just in time", ready({ ...http, periodSeconds: 20 })],
    ],
    bad: [
      ["nothing to probe", ready({}), "readinessCheck: Required value: one of httpGet, tcpSocket and exec"],
      [
        "statuses of a socket",
        ready({ tcpSocket: { port: 1 }, expectedStatuses: [204] }),
        "readinessCheck.expectedStatuses: Forbidden: needs httpGet",
      ],
      [
        "no status",
        ready({ ...http, expectedStatuses: [] }),
        "readinessCheck.expectedStatuses: Required value: at least one status, e.g. 200",
      ],
      [
        "a status twice",
        ready({ ...http, expectedStatuses: [200, 200] }),
        "readinessCheck.expectedStatuses[1]: Duplicate value: 200",
      ],
      [
        "a status that is none",
        ready({ ...http, expectedStatuses: [99] }),
        "readinessCheck.expectedStatuses[0]: Invalid value: 99: spec.services[0].readinessCheck.expectedStatuses[0] in body should be greater than or equal to 100",
      ],
      [
        "an answer that comes too late",
        ready({ ...http, periodSeconds: 5 }),
        "readinessCheck.timeoutSeconds: Invalid value: 20: must be at most periodSeconds, which is 5; 20 when it is not set",
      ],
      [
        "statuses that the agent was to tell apart",
        ready({ ...http, ...byAgent }),
        `readinessCheck.httpGet: Forbidden: ${STATUSES}; use probeFrom Controller, exec or tcpSocket`,
      ],
      [
        "statuses of a routed address",
        service({ readinessCheck: http }, "Routed"),
        `readinessCheck.httpGet: Forbidden: ${STATUSES}; use exec or tcpSocket: network mode Routed is probed by the agent only`,
      ],
      [
        "a second check by the agent",
        ready({ tcpSocket: { port: 1 }, ...byAgent }, health({ ...http, ...byAgent })),
        `readinessCheck: Forbidden: a task has room for one check by its agent, which is "c0"; ${ROOM}`,
      ],
      [
        "a command run by the controller",
        ready({ ...exec, ...byController }),
        'readinessCheck.probeFrom: Invalid value: "Controller": must be Agent: exec is probed by the agent only',
      ],
    ],
  });
});
