import { afterAll, beforeAll } from "vitest";
import { testExec } from "./rackctl/exec.js";
import { testFramework } from "./rackctl/framework.js";
import { testJobs } from "./rackctl/jobs.js";
import { testLogs } from "./rackctl/logs.js";
import { testNodes } from "./rackctl/nodes.js";
import { testRefusing } from "./rackctl/refusing.js";
import { testRollout } from "./rackctl/rollout.js";
import { testSize } from "./rackctl/size.js";
import { createWorkplace } from "./rackctl/workplace.js";

// The verbs of rackctl against one `rackctl up --simulate`, whose tasks are real processes.

const place = createWorkplace();

beforeAll(() => place.open());
afterAll(() => place.close());

testRollout(place);
testSize(place);
testLogs(place);
testExec(place);
testJobs(place);
testNodes(place);
testRefusing(place);
// the last: it ends what all others started
testFramework(place);
