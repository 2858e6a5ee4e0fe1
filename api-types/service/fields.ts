import {
  type Data,
  flag,
  integer,
  integerOrText,
  later,
  list,
  listByKey,
  mapOf,
  object,
  oneOf,
  optional,
  text,
} from "../schema/fields.js";
import { healthCheck, readinessCheck } from "./health.js";
import { dns, network, placement } from "./network.js";
import { process, restart, taskDetails } from "./workload.js";

const IN_PLACE = { applies: "inPlace" } as const;

const update = object("How new instances take the place of old ones.", {
  maxUnavailable: integerOrText("How many may be missing: a number or a percentage, rounded down.", { default: 0 }),
  maxSurge: integerOrText("How many more there may be: a number or a percentage, rounded down.", { default: "100%" }),
  paused: flag("Replace nothing for now.", { default: false }),
  canary: integer("Stop at this many new instances; 0 lets the update go on.", { default: 0, minimum: 0 }),
});

const attached = object("A task on the same node, with the same number, launched together.", {
  name: text("Name of the task.", { minLength: 1 }),
  ...process,
  healthChecks: optional(listByKey("How its health is told.", healthCheck)),
  restart,
  network: optional(
    object("Its network.", { mode: oneOf("As of a service.", ["Host", "Bridge", "Routed", "Container", "None"]) }),
  ),
  required: flag("The service is not well without it.", { default: false }),
});

const ordinals = object(
  "Which numbers instances get: the lowest free slot; a replacement keeps the number.",
  {
    start: integer("First number.", { default: 1, minimum: 0 }),
    step: integer("Distance between two numbers.", { default: 1, minimum: 1 }),
    slots: optional(integer("How many numbers there are; unset: no limit.", { minimum: 1 })),
  },
  { default: {}, applies: "scaleOnly" },
);

const unreachable = object(
  "What happens when the node of an instance cannot be reached.",
  {
    replaceAfterSeconds: optional(
      integer("Seconds until a replacement starts; -1: never. Unset: 30, with volumes -1.", { minimum: -1 }),
    ),
    forgetAfterSeconds: later(integer("Seconds until the instance is given up.", { minimum: 0 })),
  },
  { default: {}, ...IN_PLACE },
);

/** One service of a group: what runs, how many times, where, and how it is reached. */
export const service = object("One service of the group.", {
  name: text("Name of the service, a DNS label.", { minLength: 1 }),
  labels: optional(mapOf("Labels of its Instances and Mesos tasks.", text("A value."), IN_PLACE)),
  annotations: optional(mapOf("Annotations of its Instances.", text("A value."), IN_PLACE)),
  instances: optional(
    integer("Instances per copy of the group; unset: 1; 0 stops this service only. Not with `mode: EachNode`.", {
      minimum: 0,
      maximum: 100_000,
      applies: "scaleOnly",
    }),
  ),
  mode: oneOf(
    "`Replicated`: a number of instances. `EachNode`: one on every matching node. `Job`: until done.",
    ["Replicated", "EachNode", "Job"],
    { default: "Replicated", later: ["Job"], applies: "restart" },
  ),
  job: later(
    object("When a job is done.", {
      completions: integer("Successful ends that are wanted.", { default: 1, minimum: 1 }),
      backoffLimit: integer("Failures until the job is given up.", { default: 6, minimum: 0 }),
    }),
  ),
  dependsOn: optional(
    list("Services of this group that must be available before this one starts.", text("Name of a service."), IN_PLACE),
  ),
  restart,
  startDeadlineSeconds: integer("Seconds until an instance that is not running yet is replaced.", {
    default: 300,
    minimum: 1,
    ...IN_PLACE,
  }),
  ordinals,
  ...process,
  ...taskDetails,
  placement,
  network,
  healthChecks: optional(
    listByKey("How health is told. More than one is not supported yet.", healthCheck, { applies: "restart" }),
  ),
  readinessCheck: later(readinessCheck),
  unhealthyKillBudget: later(integerOrText("Instances replaced for bad health at once: a number or a percentage.")),
  update: later(update),
  unreachable,
  killSelection: oneOf(
    "Which instances leave first, after the unhealthy ones: by age of the number, or the highest number.",
    ["YoungestFirst", "OldestFirst", "HighestNumberFirst"],
    { default: "YoungestFirst", ...IN_PLACE },
  ),
  terminationGracePeriodSeconds: integer("Seconds between the request to end and the kill.", {
    default: 10,
    minimum: 0,
    ...IN_PLACE,
  }),
  drainSeconds: integer("Seconds an instance keeps running after it left DNS.", {
    default: 0,
    minimum: 0,
    ...IN_PLACE,
  }),
  dns,
  metered: flag("Whether its traffic is collected as time series.", { default: false, ...IN_PLACE }),
  attached: later(listByKey("Tasks that run beside each instance.", attached, { applies: "restart" })),
});

/** One service of a ServiceGroup, defaulted. */
export type Service = Data<typeof service>;

/** State of one service, in the status of its group. */
export const serviceStatus = object("State of one service.", {
  name: text("Name of the service."),
  desired: optional(integer("Instances wanted.")),
  running: optional(integer("Instances whose task runs.")),
  ready: optional(integer("Instances that are healthy.")),
  available: optional(integer("Instances that can be reached by name.")),
  updated: optional(integer("Instances of the newest revision.")),
  revision: optional(text("Name of the newest Revision.")),
  nextAttempt: optional(text("When the next replacement of a failed instance starts; RFC 3339.")),
});
export type ServiceStatus = Data<typeof serviceStatus>;
