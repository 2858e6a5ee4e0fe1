import { virtualClock } from "../../platform/virtual-clock.js";
import { createMemoryProber } from "./memory.js";
import { probeDriverSuite } from "./suite.js";

probeDriverSuite("in memory", async () => {
  const clock = virtualClock();
  const driver = createMemoryProber(clock);
  let last = 0;
  return {
    driver,
    async serve({ status, information }) {
      last += 1;
      const address = { host: "10.0.0.1", port: last };
      driver.serve(address.host, address.port, {
        ...(status === undefined ? {} : { status }),
        ...(information === undefined ? {} : { information }),
      });
      return address;
    },
    nowhere: async () => ({ host: "10.0.0.2", port: 1 }),
    async settle(result) {
      await clock.advance(60_000);
      return result;
    },
    close: async () => {},
  };
});
