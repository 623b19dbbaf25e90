/** What stacks/stage.ts promises of a stage, found in what would be deployed. */
import { texts } from "../iam.ts";
import type { Topology } from "../model.ts";
import { named, type Rule } from "./rule.ts";
import { retentionDays } from "./stage-row.ts";

export const stage: Rule[] = [
  {
    name: "tables are protected as their stage says, and always encrypted",
    faults: ({ topology, row }) =>
      named(topology.tables).flatMap(({ name, thing }) => [
        ...fault(thing.pointInTimeRecovery, row.pointInTimeRecovery, `table ${name}: point-in-time recovery`),
        ...fault(thing.deletionProtection, row.deletionProtection, `table ${name}: deletion protection`),
        ...fault(thing.encrypted, true, `table ${name}: encryption`),
      ]),
  },
  {
    name: "logs are kept as long as their stage says",
    faults: ({ topology, row }) => {
      const days = retentionDays[row.logRetention];
      return [
        ...named(topology.functions).flatMap(({ name, thing }) =>
          fault(thing.logRetentionDays, days, `function ${name}: days that its log is kept`),
        ),
        ...named(topology.apis).flatMap(({ name, thing }) =>
          fault(thing.logRetentionDays, days, `API ${name}: days that its log is kept`),
        ),
      ];
    },
  },
  {
    name: "events are archived as long as their stage says",
    faults: ({ topology, row }) => [
      ...named(topology.buses)
        .filter(({ thing }) => !Object.values(topology.archives).some(({ bus }) => bus === thing.arn))
        .map(({ name }) => `bus ${name} has no archive: nothing of it can be replayed`),
      ...named(topology.archives).flatMap(({ name, thing }) =>
        fault(thing.retentionDays, row.archiveRetentionDays, `archive ${name}: days that events are kept`),
      ),
    ],
  },
  {
    name: "the API is throttled as its stage says",
    faults: ({ topology, row }) =>
      named(topology.apis).flatMap(({ name, thing }) => [
        ...fault(thing.throttling?.burst, row.throttling.burst, `API ${name}: burst`),
        ...fault(thing.throttling?.ratePerSecond, row.throttling.ratePerSecond, `API ${name}: requests a second`),
      ]),
  },
  {
    name: "browsers call from the storefront alone, where there is one",
    faults: ({ topology, row }) =>
      named(topology.apis)
        .filter(
          ({ thing }) =>
            row.origins === "storefront" && origins(thing).some((origin) => !/^https:\/\/[^*]+$/.test(origin)),
        )
        .map(({ name, thing }) => `API ${name} is called from ${origins(thing)}: name the storefront's origins`),
  },
  {
    name: "no secret is a placeholder, where secrets are required",
    faults: ({ topology, row }) =>
      named(topology.links)
        .filter(
          ({ thing }) => row.secrets === "required" && thing.type === "sst.sst.Secret" && isPlaceholder(thing.value),
        )
        .map(({ name }) => `secret ${name} is a placeholder that everybody knows: give it none in this stage`),
  },
  {
    name: "whoever calls the payment provider keeps to the pace of its stage",
    faults: ({ topology, row: { providerConcurrency } }) =>
      providerConcurrency === undefined ? [] : hasty(topology, providerConcurrency),
  },
  {
    name: "alarms tell somebody, or are part of one that does, where somebody is on call",
    faults: ({ topology, row }) => (row.watched ? muteAlarms(topology) : needless(topology)),
  },
];

function fault(is: unknown, wanted: unknown, what: string): string[] {
  return is === wanted ? [] : [`${what} is ${is ?? "not set"}, and stacks/stage.ts says ${wanted}`];
}

function origins({ cors }: Topology["apis"][string]): string[] {
  return texts(cors?.allowOrigins);
}

/** They say what they are, some of them in base64. */
function isPlaceholder(value: unknown): boolean {
  const text = String(value);
  return [text, Buffer.from(text, "base64").toString()].some((reading) => reading.includes("placeholder"));
}

/** But for routers: nobody shall be refused there who asks for what needs no provider. */
function hasty({ functions, mappings, apis }: Topology, limit: number): string[] {
  const routed = new Set(Object.values(apis).flatMap(({ routes }) => routes.map((route) => route.function)));
  return named(functions)
    .filter(({ thing }) => thing.links.includes("StripeApiKey") && !routed.has(thing.arn))
    .flatMap(({ name, thing }) => {
      const mapping = Object.values(mappings).find((one) => one.function === thing.arn);
      const allowed = mapping ? mapping.maximumConcurrency : thing.reservedConcurrency;
      const setting = mapping ? "its mapping's maximum concurrency" : "its reserved concurrency";
      if (allowed !== undefined && allowed <= limit) return [];
      return [`function ${name} calls the provider as often as it likes: set ${setting} to ${limit} at most`];
    });
}

function muteAlarms({ alarms, compositeAlarms, topics }: Topology): string[] {
  const told = Object.values(topics).map(({ arn }) => arn);
  const parts = Object.values(compositeAlarms).map(({ rule }) => rule);
  return named({ ...alarms, ...compositeAlarms })
    .filter(({ thing }) => !parts.some((rule) => rule.includes(`"${thing.name}"`)))
    .filter(
      ({ thing }) =>
        !thing.actions.some((arn) => told.includes(arn)) || !thing.okActions.some((arn) => told.includes(arn)),
    )
    .map(({ name }) => `alarm ${name} tells nobody when it goes off, or when it is over: give it the topic`);
}

function needless({ alarms, compositeAlarms }: Topology): string[] {
  return Object.keys({ ...alarms, ...compositeAlarms }).map(
    (name) => `alarm ${name} is watched by nobody in this stage, and is paid for: leave it out`,
  );
}
