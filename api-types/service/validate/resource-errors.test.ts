import { describe } from "vitest";
import { checkServices } from "./testing.js";

const resources = (fields: object) => ({ resources: fields });
const executor = (fields: object) => ({ image: undefined, executor: { name: "x", command: "./x", ...fields } });

describe("what a service takes of its node", () => {
  checkServices({
    good: [
      ["quantities with variables", resources({ cpu: "$(CPU)", memory: "1Gi", disk: 5 })],
      ["limits at the request", resources({ cpu: "500m", limits: { cpu: "0.5", memory: "128Mi" } })],
      ["no limit", resources({ limits: { cpu: "unlimited", memory: "unlimited" } })],
      ["limits of what is a variable", resources({ cpu: "$(CPU)", limits: { cpu: 1, memory: "$(M)" } })],
      ["devices with the containerizer Mesos", { ...resources({ gpu: 1 }), containerizer: "Mesos" }],
      ["no devices with Docker", resources({ gpu: 0 })],
    ],
    bad: [
      [
        "a quantity that is none",
        resources({ memory: "128MB" }),
        'resources.memory: Invalid value: "128MB": must be a quantity such as 500m, 2 or 128Mi',
      ],
      ["a negative quantity", resources({ cpu: -1 }), "resources.cpu: Invalid value: -1: must not be negative"],
      ["devices with Docker", resources({ gpu: 1 }), "resources.gpu: Forbidden: needs the containerizer Mesos"],
      [
        "a limit below the request",
        resources({ memory: "1Gi", limits: { memory: "1023Mi" } }),
        'resources.limits.memory: Invalid value: "1023Mi": must be at least what is requested (1Gi), or unlimited',
      ],
      [
        "a limit below the default",
        resources({ limits: { cpu: "100m" } }),
        'resources.limits.cpu: Invalid value: "100m": must be at least what is requested (200m), or unlimited',
      ],
      [
        "a limit that is none",
        resources({ limits: { cpu: "infinite" } }),
        'resources.limits.cpu: Invalid value: "infinite": must be a quantity such as 500m, 2 or 128Mi, or unlimited',
      ],
    ],
  });
});

describe("an executor of one's own", () => {
  checkServices({
    good: [
      ["nothing else", executor({})],
      ["a command for it", { ...executor({ shared: true, data: "x" }), shell: "w" }],
      ["arguments for it", { ...executor({}), args: ["a"] }],
      ["an image that Mesos runs", { ...executor({}), image: "i", containerizer: "Mesos" }],
      ["a name with a variable", executor({ name: "$(NAME)/" })],
      ["what it needs", executor({ fetch: [{ uri: "http://h/x" }], env: [{ name: "A", value: "b" }] })],
    ],
    bad: [
      [
        "a slash in its name",
        executor({ name: "a/b" }),
        'executor.name: Invalid value: "a/b": must be an id of Mesos: no `/`, no `\\`, no control characters, not `.` or `..`',
      ],
      [
        "a name that climbs",
        executor({ name: ".." }),
        'executor.name: Invalid value: "..": must be an id of Mesos: no `/`, no `\\`, no control characters, not `.` or `..`',
      ],
      [
        "a name of 256 characters",
        executor({ name: "x".repeat(256) }),
        "executor.name: Too long: may not be more than 255 bytes",
      ],
      ["no command of its own", { executor: { name: "x" } }, "executor.command: Required value"],
      [
        "Docker",
        { ...executor({}), image: "i", containerizer: "Docker" },
        "executor: Forbidden: Docker runs tasks with an executor of its own: use containerizer Mesos",
      ],
      [
        "an image without a word of who runs it",
        { ...executor({}), image: "i" },
        "executor: Forbidden: Docker runs tasks with an executor of its own: an image needs containerizer Mesos here",
      ],
      [
        "two commands for it",
        { ...executor({}), shell: "w", args: ["a"] },
        "args: Forbidden: may not be set together with shell",
      ],
      [
        "a file from nowhere",
        executor({ fetch: [{ uri: "x" }] }),
        'executor.fetch[0].uri: Invalid value: "x": must be an address of one of these schemes: http, https, ftp, ftps, hdfs, s3, file',
      ],
      [
        "a variable without a value",
        executor({ env: [{ name: "A" }] }),
        "executor.env[0].value: Required value: one of value and valueFrom",
      ],
      [
        "memory that is none",
        executor({ resources: { memory: "x" } }),
        'executor.resources.memory: Invalid value: "x": must be a quantity such as 500m, 2 or 128Mi',
      ],
    ],
  });
});
