import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { answers, freePorts, type RunningServer, startServer } from "./servers.js";

/** An InfluxDB 1.x that asks for a password where `isClosed`; `admin` with the password `secret` is its user then. */
export async function startInflux(options: { readonly isClosed?: boolean } = {}): Promise<RunningServer> {
  const [http = 0, internal = 0] = await freePorts(2);
  const endpoint = `http://127.0.0.1:${http}`;
  const flags = (directory: string) => {
    const lines = [
      "reporting-disabled = true",
      `bind-address = "127.0.0.1:${internal}"`,
      "[meta]",
      `dir = "${join(directory, "meta")}"`,
      "[data]",
      `dir = "${join(directory, "data")}"`,
      `wal-dir = "${join(directory, "wal")}"`,
      'index-version = "tsi1"',
      "[http]",
      `bind-address = "127.0.0.1:${http}"`,
      `auth-enabled = ${options.isClosed === true}`,
      "[monitor]",
      "store-enabled = false",
    ];
    const file = join(directory, "influxdb.conf");
    writeFileSync(file, lines.join("\n"));
    return ["-config", file];
  };
  const server = await startServer({
    tool: "influxd",
    flags,
    endpoint,
    isReady: (url) => answers(`${url}/query?q=SHOW%20DATABASES`, /results|create admin user|authenticate/),
  });
  if (options.isClosed === true) {
    const query = "CREATE USER admin WITH PASSWORD 'secret' WITH ALL PRIVILEGES";
    await fetch(`${endpoint}/query`, { method: "POST", body: new URLSearchParams({ q: query }) });
  }
  return server;
}

/** Rows of an InfluxQL query, columns by name. */
export async function influxRows(
  server: RunningServer,
  query: { readonly database: string; readonly q: string; readonly login?: string },
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { database, q, login } = query;
  const url = `${server.endpoint}/query?${new URLSearchParams({ db: database, epoch: "ms", q })}`;
  const headers: Record<string, string> =
    login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString("base64")}` };
  const answer = await fetch(url, { headers });
  // as documented; a test that gets something else fails
  const { results } = (await answer.json()) as { results?: readonly { readonly series?: readonly Series[] }[] };
  return (results?.[0]?.series ?? []).flatMap(({ columns, values }) =>
    values.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]]))),
  );
}

interface Series {
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

const PMDAS = fileURLToPath(new URL("../../.tools/pcp/usr/lib/pcp/pmdas", import.meta.url));

/** As much of the name space of Performance Co-Pilot as its agents for Linux need; the package makes the whole at its installation. */
const NAME_SPACE = `root {
    network
    cgroup
    mem
    pmcd
}
pmcd { hostname 2:0:20 }
network { interface }
network.interface {
    in
    out
}
network.interface.in {
    bytes 60:3:0
    drops 60:3:3
}
network.interface.out {
    bytes 60:3:8
    drops 60:3:11
}
cgroup {
    cpuacct
    cpu
    memory
}
cgroup.cpuacct { stat }
cgroup.cpuacct.stat {
    user 3:41:0
    system 3:41:1
}
cgroup.cpu { stat }
cgroup.cpu.stat {
    user 3:67:0
    system 3:67:1
}
cgroup.memory {
    usage 3:45:80
    current 3:45:90
}
mem { util }
mem.util { used 60:1:1 }
`;

/** A pmcd that measures this machine, and a pmproxy in front of it; the endpoint is pmproxy's. */
export async function startPcp(): Promise<RunningServer & { readonly port: number }> {
  const [daemonPort = 0, port = 0] = await freePorts(2);
  const daemon = await startServer({
    tool: "pcp",
    flags: (directory) => {
      const [config, names] = [join(directory, "pmcd.conf"), join(directory, "names")];
      const agents = [
        `pmcd 2 dso pmcd_init ${join(PMDAS, "pmcd/pmda_pmcd.so")}`,
        `linux 60 dso linux_init ${join(PMDAS, "linux/pmda_linux.so")}`,
        `proc 3 dso proc_init ${join(PMDAS, "proc/pmda_proc.so")}`,
      ];
      writeFileSync(config, `${agents.join("\n")}\n`);
      writeFileSync(names, NAME_SPACE);
      return ["pmcd", directory, ...daemonFlags(directory, daemonPort), "-A", "-c", config, "-n", names];
    },
    endpoint: `127.0.0.1:${daemonPort}`,
    // pmproxy tells
    isReady: async () => true,
  });
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    const proxy = await startServer({
      tool: "pcp",
      flags: (directory) => ["pmproxy", directory, ...daemonFlags(directory, port)],
      endpoint,
      isReady: (url) => answers(`${url}/pmapi/context?hostspec=localhost`, /"context":\s*\d/),
      environment: { PMCD_PORT: `${daemonPort}` },
    });
    const stop = async () => {
      await proxy.stop();
      await daemon.stop();
    };
    return { ...proxy, stop, port };
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

function daemonFlags(directory: string, port: number): readonly string[] {
  return ["-f", "-i", "127.0.0.1", "-p", `${port}`, "-l", join(directory, "log"), "-s", join(directory, "socket")];
}
