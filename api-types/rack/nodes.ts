import { type Data, object, oneOf, optional, text } from "../schema/fields.js";

/** One machine, as its Rack declares it. */
export const rackNode = object("One machine of the rack.", {
  name: text("Name of the Node, a DNS label or name.", { minLength: 1 }),
  address: optional(text("Address inside the rack.")),
  externalAddress: optional(text("Address by which the switch reaches it: the next hop of its routed instances.")),
  managementAddress: optional(text("Address of the management network.")),
  type: oneOf("What the node is; `slave` is read as `worker`.", ["master", "worker", "slave"], { default: "worker" }),
  function: optional(text("Free word for what the node is used for, e.g. `lab`.")),
  switchPort: optional(text("Port of the switch that the node is connected to.")),
});
export type RackNode = Data<typeof rackNode>;
