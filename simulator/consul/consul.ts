import type { Clock } from "../../platform/clock.js";
import type { Logger } from "../../platform/log.js";
import type { Random } from "../../platform/random.js";
import type { HttpHandler } from "../../platform/transport.js";
import { createCatalog } from "./catalog.js";
import { answerQuestion, type DnsAnswer, type DnsQuestion } from "./dns/answer.js";
import { createHandler } from "./http/handler.js";
import type { Agent } from "./http/routes.js";
import { createKeys } from "./keys.js";
import { type ConsulState, EMPTY_STATE } from "./state.js";
import { createTopics } from "./topics.js";

/** A Consul server in this process. */
export interface Consul {
  /** Its HTTP API. */
  readonly handler: HttpHandler;
  /** What its DNS says. */
  answer(question: DnsQuestion): DnsAnswer;
  /** Everything it holds, as plain data. */
  snapshot(): ConsulState;
  /** As if the process was restarted: blocked queries fail; with `wipe` data and index start over, as without a data directory. */
  restart(options: { readonly wipe: boolean }): void;
}

/** What a simulated Consul is made of. `domain` is Consul's own, e.g. `torc`: services answer below `service.torc`. */
export interface ConsulOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly datacenter: string;
  readonly domain: string;
  /** The node the agent runs on. */
  readonly nodeName?: string;
  /** Where the agent says it listens. */
  readonly nodeAddress?: string;
  /** Continues from an earlier snapshot. */
  readonly state?: ConsulState;
  /** Called after every write, e.g. to store a snapshot; must not throw. */
  readonly onChange?: () => void;
}

/** A Consul of one server that leads itself. */
export function createConsul(options: ConsulOptions): Consul {
  const { clock, random, datacenter, domain, onChange = () => {} } = options;
  const nodeName = options.nodeName ?? "consul";
  const nodeAddress = options.nodeAddress ?? "127.0.0.1";
  let isBuilt = false;
  const counted = createTopics(clock, (options.state ?? EMPTY_STATE).index);
  const topics: typeof counted = {
    ...counted,
    commit(changed, emptied) {
      const index = counted.commit(changed, emptied);
      // the caller cannot take a snapshot of what it does not hold yet
      if (isBuilt) onChange();
      return index;
    },
  };
  const catalog = createCatalog(topics);
  const keys = createKeys(topics);
  const agent: Agent = { catalog, keys, datacenter, nodeName, leader: `${nodeAddress}:8300` };
  let generation = 0;

  const load = (state: ConsulState) => {
    catalog.load(state);
    keys.load(state);
    catalog.register(ownRegistration(nodeName, nodeAddress));
  };
  const snapshot = (): ConsulState => ({
    index: topics.current(),
    nodes: catalog.nodes(),
    services: catalog.nodes().flatMap((node) => catalog.servicesOf(node.node)),
    checks: catalog.nodes().flatMap((node) => catalog.checksOf(node.node)),
    keys: keys.list(""),
  });
  load(options.state ?? EMPTY_STATE);
  isBuilt = true;

  return {
    handler: createHandler({ agent, topics, random, generation: () => generation }),
    answer: (question) => answerQuestion(question, { catalog, datacenter, domain, nodeName, random, clock }),
    snapshot,
    restart({ wipe }) {
      generation += 1;
      const state = wipe ? EMPTY_STATE : snapshot();
      topics.reset(state.index);
      load(state);
      options.log.info("consul restarted", { wipe, index: topics.current() });
    },
  };
}

function ownRegistration(node: string, address: string): Parameters<ReturnType<typeof createCatalog>["register"]>[0] {
  return {
    node: { node, id: "", address, meta: {}, taggedAddresses: { lan: address, wan: address } },
    skipsNodeUpdate: false,
    service: { id: "consul", service: "consul", address: "", port: 8300, tags: [], meta: {}, enableTagOverride: false },
    checks: [
      {
        checkId: "serfHealth",
        name: "Serf Health Status",
        status: "passing",
        notes: "",
        output: "Agent alive and reachable",
        serviceId: "",
      },
    ],
  };
}
