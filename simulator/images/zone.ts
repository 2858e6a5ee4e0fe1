import type { Answer, Question } from "dns-packet";

/** The zone that the example's name servers answer for. */
export const ZONE = "homer.ave";

const HOSTS: Readonly<Record<string, string>> = {
  [ZONE]: "10.250.3.20",
  [`ns.${ZONE}`]: "10.250.3.20",
  [`server.${ZONE}`]: "10.250.3.30",
  [`host1.${ZONE}`]: "10.250.3.31",
  [`host2.${ZONE}`]: "10.250.3.32",
  [`host3.${ZONE}`]: "10.250.3.33",
  [`www.${ZONE}`]: "10.250.3.34",
  [`mail.${ZONE}`]: "10.250.3.35",
};

const TTL_SECONDS = 300;

/** What a name server of the zone says: answers, or undefined when the name does not exist. */
export function answersOf(question: Question): Answer[] | undefined {
  const name = question.name.toLowerCase();
  const address = HOSTS[name];
  if (address === undefined) return undefined;
  if (question.type === "A") return [{ type: "A", name: question.name, ttl: TTL_SECONDS, data: address }];
  if (question.type === "MX" && name === ZONE) {
    return [{ type: "MX", name: question.name, ttl: TTL_SECONDS, data: { preference: 10, exchange: `mail.${ZONE}` } }];
  }
  if (question.type === "NS" && name === ZONE) {
    return [{ type: "NS", name: question.name, ttl: TTL_SECONDS, data: `ns.${ZONE}` }];
  }
  return [];
}

/** The twelve questions that load generators ask; one is for a name that does not exist. */
export const QUESTIONS: readonly { readonly name: string; readonly type: "A" | "MX" | "NS" }[] = [
  { name: ZONE, type: "MX" },
  { name: ZONE, type: "NS" },
  { name: ZONE, type: "A" },
  { name: `ns.${ZONE}`, type: "A" },
  { name: `server.${ZONE}`, type: "A" },
  { name: `host1.${ZONE}`, type: "A" },
  { name: `host2.${ZONE}`, type: "A" },
  { name: `host3.${ZONE}`, type: "A" },
  { name: `www.${ZONE}`, type: "A" },
  { name: `mail.${ZONE}`, type: "A" },
  { name: `mail.${ZONE}`, type: "MX" },
  { name: `nobody.${ZONE}`, type: "A" },
];
