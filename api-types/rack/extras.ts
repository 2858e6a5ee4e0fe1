import { later, list, object, optional, text } from "../schema/fields.js";

const haproxy = object("HAProxy.", {
  endpoints: list(
    "The proxies.",
    object("One proxy.", {
      name: text("Name."),
      adminSocket: optional(text("Address of the runtime API.")),
      masterSocket: optional(text("Address of the master CLI.")),
      configFile: optional(text("Path of the configuration file.")),
    }),
  ),
  bindAddress: optional(text("Address that the proxies listen on.")),
  servicePortRange: text("Service ports that may be assigned.", { default: "10000-20000" }),
  balance: optional(text("How a server is chosen.")),
});

/** Parts of a Rack that are declared and not built yet. */
export const rackExtras = {
  loadBalancer: later(
    object("Proxies in front of services with a servicePort.", {
      haproxy: optional(haproxy),
    }),
  ),
};
