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
