import { delivery } from "./delivery.ts";
import { privilege } from "./privilege.ts";
import type { Facts, Rule } from "./rule.ts";
import { runbook } from "./runbook.ts";
import { saga } from "./saga.ts";
import { stage } from "./stage.ts";
import { trust } from "./trust.ts";
import { watch } from "./watch.ts";

export type { Facts, Rule } from "./rule.ts";
export { StageRow } from "./stage-row.ts";

/** All that must hold of every stage. */
export const rules: readonly Rule[] = [...privilege, ...trust, ...delivery, ...saga, ...stage, ...watch, ...runbook];

/** Every fault by every rule, a line each. */
export function faultsOf(facts: Facts): string[] {
  return rules.flatMap(({ name, faults }) => faults(facts).map((fault) => `${fault} (rule: ${name})`));
}
