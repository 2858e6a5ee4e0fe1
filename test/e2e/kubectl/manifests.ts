/** A group of one service that any node can run; suspended unless said otherwise. */
export function groupYaml(options: {
  readonly name: string;
  readonly replicas?: number;
  readonly suspend?: boolean;
  /** Further lines of the spec. */
  readonly more?: string;
  /** Further fields of the service, in braces' notation. */
  readonly service?: string;
}): string {
  const { name, replicas = 1, suspend = true, more = "", service = "image: vector, network: {mode: Host}" } = options;
  return `apiVersion: rackwright.dev/v1alpha1
kind: ServiceGroup
metadata:
  name: ${name}
spec:
  rackName: torc
  suspend: ${suspend}
  replicas: ${replicas}
${more}  services:
  - {name: main, ${service}}
`;
}
