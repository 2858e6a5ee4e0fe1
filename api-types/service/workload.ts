import {
  type Data,
  decimal,
  flag,
  integer,
  integerOrText,
  later,
  list,
  listByKey,
  object,
  oneOf,
  optional,
  secretRef,
  text,
} from "../schema/fields.js";

const RESTART = { applies: "restart" } as const;

const environmentVariable = object("One variable of the environment.", {
  name: text("Name of the variable.", { minLength: 1 }),
  value: optional(text("Its value.")),
  valueFrom: later(
    object("Where the value comes from.", {
      secretKeyRef: optional(secretRef("One value of a Secret.")),
      configMapKeyRef: optional(
        object("One value of a ConfigMap.", { name: text("Name of the ConfigMap."), key: text("Key inside it.") }),
      ),
    }),
  ),
});

const fetchedFile = object("One file that the agent fetches before the start.", {
  uri: text("Address: http, https, ftp, ftps, hdfs, s3 or file."),
  extract: optional(flag("Unpack it; true for archives.")),
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
    gpu: later(integer("Devices.", { minimum: 0 })),
    limits: later(
      object("Hard limits above the request.", {
        cpu: optional(integerOrText("Cores.")),
        memory: optional(integerOrText("Memory.")),
      }),
    ),
  },
  { default: {}, ...RESTART },
);

const executor = object("A Mesos executor of one's own.", {
  name: text("Name of the executor."),
  shared: flag("One executor for all tasks on a node.", { default: false }),
  command: text("Command that starts it."),
  fetch: optional(list("Files it needs.", fetchedFile)),
  env: optional(listByKey("Its environment.", environmentVariable)),
  resources: optional(
    object("What it takes beside the task.", {
      cpu: optional(integerOrText("Cores.")),
      memory: optional(integerOrText("Memory.")),
    }),
  ),
  data: optional(text("Handed over with each task.")),
});

/** What a task runs, and in what: shared by services and what is attached to them. */
export const process = {
  command: optional(
    list("Program and arguments, run without a shell.", text("An argument."), { minItems: 1, ...RESTART }),
  ),
  shell: optional(text("Command line for `/bin/sh -c`.", { minLength: 1, ...RESTART })),
  args: optional(list("Arguments of the image's entry point.", text("An argument."), RESTART)),
  env: optional(listByKey("Environment variables.", environmentVariable, RESTART)),
  image: optional(text("Docker image.", { minLength: 1, ...RESTART })),
  privileged: flag("Run with all rights on the node; the Rack must allow it.", { default: false, ...RESTART }),
  dockerParameters: optional(
    list("Parameters of the docker command line; the Rack must allow them.", parameter, RESTART),
  ),
  fetch: later(list("Files that the agent fetches before the start.", fetchedFile, RESTART)),
  volumes: optional(
    listByKey("Folders and files of the node; the Rack must allow their paths.", volume, {
      key: "containerPath",
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
  imagePullSecrets: later(
    list("Secrets to fetch the image with.", object("A Secret.", { name: text("Name of the Secret.") }), RESTART),
  ),
  containerizer: optional(
    oneOf("What runs the task; unset: Docker with an image, else Mesos.", ["Docker", "Mesos"], RESTART),
  ),
  executor: later(executor),
};

/** What happens when a task ends. */
export const restart = object(
  "What happens when a task ends by itself.",
  {
    policy: oneOf("Which ends are followed by a replacement.", ["Always", "OnFailure", "Never"], { default: "Always" }),
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
