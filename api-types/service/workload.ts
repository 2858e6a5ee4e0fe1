import {
  type Data,
  decimal,
  flag,
  integer,
  integerOrText,
  list,
  listByKey,
  object,
  oneOf,
  optional,
  secretRef,
  text,
} from "../schema/fields.js";

const RESTART = { applies: "restart" } as const;
/** Linux takes no longer argument or variable (128 KiB with its end). */
const MAX_VALUE = 131_000;
const MAX_VARIABLES = 500;
const MAX_ARGUMENTS = 1000;
const MAX_FILES = 64;

const environmentVariable = object("One variable of the environment.", {
  name: text("Name of the variable.", { minLength: 1, maxLength: 1024 }),
  value: optional(text("Its value.", { maxLength: MAX_VALUE })),
  valueFrom: optional(
    object("Where the value comes from, read when the task is launched: one of `secretKeyRef` and `configMapKeyRef`.", {
      secretKeyRef: optional(secretRef("One value of a Secret of the group's namespace.")),
      configMapKeyRef: optional(
        object("One value of a ConfigMap of the group's namespace.", {
          name: text("Name of the ConfigMap.", { minLength: 1 }),
          key: text("Key inside it.", { minLength: 1 }),
        }),
      ),
    }),
  ),
});

const fetchedFile = object("One file that the agent fetches before the start.", {
  uri: text("Address: http, https, ftp, ftps, hdfs, s3 or file; for a file the Rack must allow its path.", {
    minLength: 1,
    maxLength: 1024,
  }),
  extract: optional(
    flag("Unpack it; unset: if it ends in .tar, .tar.gz, .tgz, .tar.bz2, .tbz2, .tar.xz, .txz, .gz or .zip."),
  ),
  executable: flag("Make it executable.", { default: false }),
  cache: flag("Keep it in the agent's cache.", { default: false }),
  destination: optional(text("File name in the sandbox.")),
});

const volume = object("One folder or file of the node, visible inside.", {
  hostPath: text("Path on the node.", { minLength: 1 }),
  containerPath: text("Path inside.", { minLength: 1 }),
  readOnly: flag("Refuse writes.", { default: false }),
});

const parameter = object("One parameter of the docker command line.", {
  key: text("Name without dashes.", { minLength: 1 }),
  value: text("Value."),
});

const resources = object(
  "What is taken from the node's offer.",
  {
    cpu: integerOrText("Cores, e.g. `500m` or `2`.", { default: "200m" }),
    memory: integerOrText("Memory, e.g. `128Mi`.", { default: "128Mi" }),
    disk: optional(integerOrText("Disk space, e.g. `1Gi`.")),
    gpu: optional(
      integer("Devices; needs the containerizer Mesos. Tasks that need none go to nodes without GPUs first.", {
        minimum: 0,
        maximum: 64,
      }),
    ),
    limits: optional(
      object("Hard limits at or above the request; `unlimited` for none.", {
        cpu: optional(integerOrText("Cores.")),
        memory: optional(integerOrText("Memory.")),
      }),
    ),
  },
  { default: {}, ...RESTART },
);

const executor = object("A Mesos executor of one's own, with the containerizer Mesos; the Rack must allow it.", {
  name: text("Name of the executor.", { minLength: 1, maxLength: 255 }),
  shared: flag("One executor for all tasks of the service on a node.", { default: false }),
  command: text("Command line for `/bin/sh -c` that starts it.", { minLength: 1, maxLength: MAX_VALUE }),
  fetch: optional(list("Files it needs.", fetchedFile, { maxItems: MAX_FILES })),
  env: optional(
    listByKey(
      "Its environment, beside the task's; of a shared one beside what all tasks of the service have on a node.",
      environmentVariable,
      { maxItems: MAX_VARIABLES },
    ),
  ),
  resources: object(
    "What it takes beside the task.",
    {
      cpu: integerOrText("Cores.", { default: "100m" }),
      memory: integerOrText("Memory.", { default: "32Mi" }),
    },
    { default: {} },
  ),
  data: optional(text("Handed over with each task.", { maxLength: MAX_VALUE })),
});

const argument = text("An argument.", { maxLength: MAX_VALUE });

/** What a task runs, and in what: shared by services and what is attached to them. */
export const process = {
  command: optional(
    list("Program and arguments, run without a shell.", argument, {
      minItems: 1,
      maxItems: MAX_ARGUMENTS,
      ...RESTART,
    }),
  ),
  shell: optional(text("Command line for `/bin/sh -c`.", { minLength: 1, maxLength: MAX_VALUE, ...RESTART })),
  args: optional(
    list("Arguments of the image's entry point, or of the executor's task.", argument, {
      maxItems: MAX_ARGUMENTS,
      ...RESTART,
    }),
  ),
  env: optional(
    listByKey("Environment variables; 512 KiB in all.", environmentVariable, { maxItems: MAX_VARIABLES, ...RESTART }),
  ),
  image: optional(text("Docker image.", { minLength: 1, ...RESTART })),
  privileged: flag("Run with all rights on the node; the Rack must allow it.", { default: false, ...RESTART }),
  dockerParameters: optional(
    list("Parameters of the docker command line; the Rack must allow them.", parameter, {
      maxItems: MAX_FILES,
      ...RESTART,
    }),
  ),
  fetch: optional(
    list("Files that the agent fetches before the start.", fetchedFile, { maxItems: MAX_FILES, ...RESTART }),
  ),
  volumes: optional(
    listByKey("Folders and files of the node; the Rack must allow their paths.", volume, {
      key: "containerPath",
      maxItems: MAX_FILES,
      ...RESTART,
    }),
  ),
  resources,
};

/** What only a service itself says about its task. */
export const taskDetails = {
  user: optional(text("User to run as; unset: the Rack's.", RESTART)),
  imagePullPolicy: oneOf("When the image is fetched.", ["IfNotPresent", "Always"], {
    default: "IfNotPresent",
    ...RESTART,
  }),
  imagePullSecrets: optional(
    list(
      "Secrets of type kubernetes.io/dockerconfigjson to fetch the image with; needs the containerizer Mesos.",
      object("A Secret of the group's namespace.", { name: text("Name of the Secret.", { minLength: 1 }) }),
      { maxItems: 8, ...RESTART },
    ),
  ),
  containerizer: optional(
    oneOf("What runs the task; unset: Docker with an image, else Mesos.", ["Docker", "Mesos"], RESTART),
  ),
  executor: optional(executor),
};

/** What runs a task: what is said, else Docker where there is an image. */
export function containerizerOf(task: {
  readonly image?: string | undefined;
  readonly containerizer?: "Docker" | "Mesos" | undefined;
}): "Docker" | "Mesos" {
  return task.containerizer ?? (task.image === undefined ? "Mesos" : "Docker");
}

/** What happens when a task ends. */
export const restart = object(
  "What happens when a task ends by itself.",
  {
    policy: oneOf(
      "Which ends are followed by a replacement; for a Job, Always means OnFailure.",
      ["Always", "OnFailure", "Never"],
      { default: "Always" },
    ),
    delaySeconds: integer("Seconds before every replacement.", { default: 1, minimum: 0 }),
    backoff: object(
      "How the delay grows while tasks keep failing; a stable time resets it.",
      {
        initialSeconds: decimal("First extra delay in seconds.", { default: 1, minimum: 0 }),
        factor: decimal("Growth from failure to failure.", { default: 1.15, minimum: 1 }),
        maxSeconds: decimal("Largest extra delay in seconds.", { default: 300, minimum: 0 }),
      },
      { default: {} },
    ),
  },
  { default: {}, applies: "inPlace" },
);

export type ServiceEnv = Data<typeof environmentVariable>;
export type ServiceVolume = Data<typeof volume>;
export type ServiceResources = Data<typeof resources>;
export type ServiceRestart = Data<typeof restart>;
export type ServiceFetch = Data<typeof fetchedFile>;
export type ServiceExecutor = Data<typeof executor>;
