/** The page that whoever is called opens first: the notification names it. */
import type { Topology } from "../model.ts";
import { type Named, named, type Rule } from "./rule.ts";

/** About all alarms. */
const general = ["README.md"];

export const runbook: Rule[] = [
  {
    name: "every alarm that tells somebody names its page in the runbook",
    faults: ({ topology, pages }) =>
      telling(topology).flatMap(({ name, thing }) => {
        const page = pageOf(thing);
        if (!page) return `alarm ${name} names no page: end its description with "Runbook: docs/runbook/<page>.md"`;
        return pages.includes(page) ? [] : `alarm ${name} names a page that is not there: write docs/runbook/${page}`;
      }),
  },
  {
    name: "every page of the runbook is about an alarm",
    faults: ({ topology, row, pages }) => {
      if (!row.watched) return [];
      const wanted = [...general, ...telling(topology).map(({ thing }) => pageOf(thing))];
      return pages
        .filter((page) => !wanted.includes(page))
        .map((page) => `docs/runbook/${page} is about no alarm: remove it`);
    },
  },
];

interface Telling {
  description?: string | undefined;
  actions: string[];
}

function telling({ alarms, compositeAlarms }: Topology): Named<Telling>[] {
  return named<Telling>({ ...alarms, ...compositeAlarms }).filter(({ thing }) => thing.actions.length > 0);
}

function pageOf({ description }: Telling): string | undefined {
  return / Runbook: docs\/runbook\/([\w-]+\.md)$/.exec(description ?? "")?.[1];
}
