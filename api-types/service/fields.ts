import {
  type Data,
  flag,
  integer,
  integerOrText,
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

const update = object(
  "How new instances take the place of old ones.",
  {
    maxUnavailable: integerOrText(
      "How many may be missing: a number or a percentage, decimals allowed, rounded down.",
      {
        default: 0,
      },
    ),
    maxSurge: integerOrText("How many more there may be: a number or a percentage, decimals allowed, rounded down.", {
      default: "100%",
    }),
    paused: flag("Replace nothing for now.", { default: false }),
    canary: integer("Stop at this many new instances; 0 lets the update go on.", { default: 0, minimum: 0 }),
  },
  { default: {}, ...IN_PLACE },
);

const attached = object("A task on the same node, with the same number, launched together.", {
  name: text("Name of the task, a DNS label.", { minLength: 1 }),
  ...process,
  healthChecks: optional(listByKey("How its health is told; one, by its agent.", healthCheck, { maxItems: 1 })),
  restart,
  network: object(
    "Its network; it has no ports of its own.",
    { mode: oneOf("As of a service.", ["Host", "Bridge", "Routed", "Container", "None"], { default: "Host" }) },
    { default: {} },
  ),
  required: flag("Without it the instance is not Ready, and its end for good is the end of the instance.", {
    default: false,
    ...IN_PLACE,
  }),
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
    forgetAfterSeconds: integer("Seconds until a replaced instance that stays unreachable is given up.", {
      default: 900,
      minimum: 0,
    }),
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
    { default: "Replicated", applies: "restart" },
  ),
  job: optional(
    object(
      "When a job is done; its instances run at once, as many as `instances` says.",
      {
        completions: integer("Successful ends that are wanted.", { default: 1, minimum: 1, maximum: 100_000 }),
        backoffLimit: integer("Failures until the job is given up.", { default: 6, minimum: 0 }),
      },
      IN_PLACE,
    ),
  ),
  dependsOn: optional(
    list("Services that must be available before this one starts: `service` or `group/service`.", text("A service."), {
      maxItems: 64,
      ...IN_PLACE,
    }),
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
    listByKey("How health is told; an instance is well when every check passes.", healthCheck, {
      maxItems: 8,
      applies: "restart",
    }),
  ),
  readinessCheck: optional(readinessCheck),
  unhealthyKillBudget: integerOrText(
    "Instances replaced for bad health at once: a number or a percentage; at least 1.",
    {
      default: "25%",
      ...IN_PLACE,
    },
  ),
  update,
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
  attached: optional(listByKey("Tasks that run beside each instance.", attached, { maxItems: 16, applies: "restart" })),
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
  failures: optional(integer("Failures in a row that the back-off counts.")),
  lastFailure: optional(text("When the back-off last counted a failure; RFC 3339.")),
  availableRevision: optional(
    text("The last Revision of which every instance was available at once; a rollback goes back to it."),
  ),
  availableRevisions: optional(
    list("Stored Revisions of which every instance was available at once, the last one last.", text("Its name.")),
  ),
  failedRevision: optional(text("Revision whose update missed its deadline and was rolled back.")),
  succeeded: optional(integer("Jobs: successful ends.")),
  failed: optional(integer("Jobs: failures.")),
});
export type ServiceStatus = Data<typeof serviceStatus>;
export type ServiceUpdate = Data<typeof update>;
export type AttachedTask = Data<typeof attached>;
