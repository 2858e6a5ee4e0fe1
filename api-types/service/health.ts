import type { TProperties } from "typebox";
import { type Data, flag, integer, integerOrText, list, object, oneOf, optional, text } from "../schema/fields.js";

const port = integerOrText("Port, by number or by name.");

const probe = {
  httpGet: optional(
    object("Good when an HTTP request is answered with 2xx or 3xx.", {
      path: text("Path of the request.", { default: "/" }),
      port,
      scheme: oneOf("Protocol.", ["HTTP", "HTTPS"], { default: "HTTP" }),
    }),
  ),
  tcpSocket: optional(object("Good when a connection is accepted.", { port })),
  exec: optional(
    object("Good when a command ends with 0; one of `command` and `shell`.", {
      command: optional(list("Program and arguments.", text("An argument."), { minItems: 1 })),
      shell: optional(text("Command line for `/bin/sh -c`.", { minLength: 1 })),
    }),
  ),
} satisfies TProperties;

const timing = {
  periodSeconds: integer("Seconds between two probes.", { default: 60, minimum: 1 }),
  timeoutSeconds: integer("Seconds until a probe without an answer counts as failed.", { default: 20, minimum: 1 }),
  probeFrom: optional(
    oneOf(
      "Who probes; unset: the agent if only it can, else the agent for the first health check and the controller for the others. A task has room for one check by its agent; `exec` and the network modes Routed, Container and None are probed by the agent only.",
      ["Agent", "Controller"],
    ),
  ),
} satisfies TProperties;

/** One way to tell whether an instance is well. */
export const healthCheck = object("One way to tell whether an instance is well: one of httpGet, tcpSocket and exec.", {
  name: text("Name of the check.", { minLength: 1 }),
  ...probe,
  ...timing,
  gracePeriodSeconds: integer("Seconds after the start during which failures do not count.", {
    default: 300,
    minimum: 0,
  }),
  failureThreshold: integer("The instance is replaced at this many failures in a row; 0: never.", {
    default: 3,
    minimum: 0,
    applies: "inPlace",
  }),
  ignoreHttp1xx: flag("Answers 100 to 199 neither pass nor fail; needs `probeFrom: Controller`.", { default: false }),
});

/** When an instance is ready for its first traffic. */
export const readinessCheck = object("When an instance is ready for traffic; never replaces it.", {
  name: optional(text("Name of the check.")),
  ...probe,
  ...timing,
  expectedStatuses: list(
    "HTTP statuses that count as ready; the agent cannot tell them apart, the controller can.",
    integer("A status.", { minimum: 100, maximum: 599 }),
    {
      default: [200],
      maxItems: 50,
    },
  ),
});

export type ReadinessCheck = Data<typeof readinessCheck>;
export type HealthCheck = Data<typeof healthCheck>;
