const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** A DNS-1123 label: what a group, a service or a port is called. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && DNS_LABEL.test(text);
}

/** One or more labels joined by dots. Underscores lead the labels of service names such as `_dns._udp`. */
export function isDnsName(text: string): boolean {
  return text.length <= 253 && text.split(".").every((label) => isDnsLabel(label.replace(/^_/, "")));
}

/** The name of a variable of a Rack, as used in `$(NAME)`. */
export function isVariableName(text: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(text);
}

/** Why `text` is no label, as Kubernetes words it. */
export const DNS_LABEL_RULE =
  "must consist of lower case alphanumeric characters or '-', start and end with one, and be at most 63 characters long";

/** The name of a role of Mesos, such as `web` or `web/shop`; `*` stands for what is reserved for nobody. */
export function isMesosRole(text: string): boolean {
  return text === "*" || text.split("/").every((part) => /^[^\s\\*-][^\s\\*]*$/.test(part) && !/^\.\.?$/.test(part));
}

/** What isMesosRole accepts. */
export const MESOS_ROLE_RULE = "must be `*` or the name of a Mesos role, like `web` or `web/shop`";

const LABEL_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** A label or annotation key: `name` or `prefix/name`. */
export function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/");
  const name = text.slice(slash + 1);
  const prefix = text.slice(0, Math.max(slash, 0));
  return name.length <= 63 && LABEL_PART.test(name) && (slash === -1 || isDnsName(prefix));
}

/** The value of a label; may be empty. */
export function isLabelValue(text: string): boolean {
  return text === "" || (text.length <= 63 && LABEL_PART.test(text));
}
