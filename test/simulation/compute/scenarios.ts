import type { Scenario } from "../schedule/scenario.js";
import {
  constraintAfterNodeLeft,
  dependencyCreatedLater,
  moreThanFits,
  oneInvalidGroup,
  twoOwnersOfPort80,
} from "./capacity.js";
import {
  agentAwayAndBack,
  exitsEvery25Seconds,
  lastInstanceLost,
  mostCriticalAtOnce,
  scaleDownTakesUnhealthy,
} from "./failures.js";
import { policyAndPerson } from "./policy-and-person.js";
import { failoverInUpgrade, fullClusterUnique, labelOnlyEdit, rollbackOnDeadline } from "./upgrades.js";

/** What a scheduler of groups has to get right, each a story of its own. */
export const COMPUTE_SCENARIOS: readonly Scenario[] = [
  fullClusterUnique,
  mostCriticalAtOnce,
  failoverInUpgrade,
  agentAwayAndBack,
  labelOnlyEdit,
  dependencyCreatedLater,
  twoOwnersOfPort80,
  constraintAfterNodeLeft,
  moreThanFits,
  exitsEvery25Seconds,
  scaleDownTakesUnhealthy,
  oneInvalidGroup,
  lastInstanceLost,
  policyAndPerson,
  rollbackOnDeadline,
];
