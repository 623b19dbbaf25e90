import { existsSync, readdirSync, readFileSync } from "node:fs";
import { Usage } from "@cartwright/topology";
import { type Facts, rules, StageRow } from "@cartwright/topology/rule";
import { describe, expect, test } from "vitest";
import { topology } from "./recorded.ts";
import { stageOf } from "./stage.ts";

const usageFile = new URL("usage.json", import.meta.url);
const runbook = new URL("../docs/runbook/", import.meta.url);
const recorded: Facts = {
  topology,
  row: StageRow.parse(stageOf(topology.stage)),
  usage: existsSync(usageFile) ? Usage.parse(JSON.parse(readFileSync(usageFile, "utf8"))) : undefined,
  pages: existsSync(runbook) ? readdirSync(runbook) : [],
};

test.each(rules)("$name", ({ faults }) => {
  expect(faults(recorded)).toEqual([]);
});

interface Plant {
  fault: string;
  plant(facts: Facts): void;
  /** What the rule says of it. */
  says: string;
}

const bus = `arn:aws:events:${topology.region}:${topology.account}`;
const { queues, functions, tables, machines } = topology;
const granting = (role: string, statement: object) => (facts: Facts) =>
  facts.topology.roles[role]!.statements.push({ Effect: "Allow", ...statement });

/** By the rule that is to notice; a rule that nobody has seen to fail proves nothing. */
const plants: Record<string, Plant[]> = {
  "every permission is used by a test": [
    {
      fault: "a permission that nobody uses",
      plant: granting("MarkPaidRole", { Action: ["dynamodb:DeleteItem"], Resource: [tables.OrderTable!.arn] }),
      says: `MarkPaid never used dynamodb:DeleteItem on ${tables.OrderTable!.arn}`,
    },
    {
      fault: "a queue beside those of the same kind that are used",
      plant: granting("MarkPaidRole", { Action: ["sqs:SendMessage"], Resource: [queues.ShipStockQueue!.arn] }),
      says: `MarkPaid never used sqs:SendMessage on ${queues.ShipStockQueue!.arn}`,
    },
    {
      fault: "no recording",
      plant: (facts) => {
        facts.usage = undefined;
      },
      says: "stacks/usage.json is missing",
    },
  ],
  "every permission that a test uses is granted": [
    {
      fault: "a statement too few",
      plant: ({ topology }) => {
        topology.roles.MarkPaidRole!.statements = [];
      },
      says: `MarkPaid needs sqs:ReceiveMessage on ${queues.MarkPaidQueue!.arn}`,
    },
    {
      fault: "no recording",
      plant: (facts) => {
        facts.usage = undefined;
      },
      says: "stacks/usage.json is missing",
    },
  ],
  "statements allow, by actions and resources that they name": [
    {
      fault: "all resources but one",
      plant: granting("MarkPaidRole", { Action: ["s3:GetObject"], NotResource: ["arn:aws:s3:::secrets"] }),
      says: "role MarkPaidRole has a statement of another kind",
    },
  ],
  "no policy names actions by a pattern": [
    {
      fault: "all of DynamoDB",
      plant: granting("MarkPaidRole", { Action: ["dynamodb:*"], Resource: [tables.OrderTable!.arn] }),
      says: "role MarkPaidRole may dynamodb:*",
    },
  ],
  "no policy is about every resource, but where AWS knows none to name": [
    {
      fault: "every queue",
      plant: granting("MarkPaidRole", { Action: ["sqs:SendMessage"], Resource: "*" }),
      says: "role MarkPaidRole may sqs:SendMessage on every resource",
    },
  ],
  "no policy names resources by a pattern, but for what has no name beforehand": [
    {
      fault: "every table of the stage",
      plant: granting("MarkPaidRole", { Action: ["dynamodb:GetItem"], Resource: [`${tables.OrderTable!.arn}*`] }),
      says: "role MarkPaidRole may dynamodb:GetItem on",
    },
    {
      fault: "any replay, for what no replay needs",
      plant: granting("OpsRouterRole", { Action: ["events:CancelReplay"], Resource: [`${bus}:replay/rpl_*`] }),
      says: "role OpsRouterRole may events:CancelReplay on",
    },
  ],
  "a function may write its own log and send its traces, since alarms hear by its log, and tell nothing else": [
    {
      fault: "a function that nobody hears",
      plant: ({ topology: { roles } }) => {
        roles.MarkPaidRole!.statements = roles.MarkPaidRole!.statements.filter(
          ({ Action }) => !JSON.stringify(Action).includes("logs:"),
        );
      },
      says: "MarkPaid needs logs:PutLogEvents on",
    },
    {
      fault: "another function's log",
      plant: granting("MarkPaidRole", {
        Action: ["logs:PutLogEvents"],
        Resource: [`${bus.replace(":events:", ":logs:")}:log-group:/aws/lambda/${functions.ShipStock!.name}:*`],
      }),
      says: "MarkPaid may logs:PutLogEvents on",
    },
  ],
  "a role's policies are of a size that IAM takes": [
    {
      fault: "a long list of queues that is repeated",
      plant: ({ topology: { roles } }) => {
        const { statements } = roles.OpsRouterRole!;
        statements.push(...statements);
      },
      says: "role OpsRouterRole has policies of",
    },
  ],
  "every role is somebody's": [
    {
      fault: "a role that is left over",
      plant: ({ topology }) => {
        topology.roles.Old = { ...topology.roles.MarkPaidRole!, arn: `${topology.roles.MarkPaidRole!.arn}-old` };
      },
      says: "role Old is nobody's",
    },
  ],
  "roles are assumed by AWS's services, never by an account": [
    {
      fault: "the account's root, as SST has it",
      plant: ({ topology: { roles, account } }) => {
        roles.MarkPaidRole!.trust = {
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: "lambda.amazonaws.com", AWS: `arn:aws:iam::${account}:root` },
              Action: "sts:AssumeRole",
            },
          ],
        };
      },
      says: "role MarkPaidRole is assumed by",
    },
    {
      fault: "anybody",
      plant: ({ topology: { roles } }) => {
        roles.MarkPaidRole!.trust = trusting("*");
      },
      says: 'role MarkPaidRole is assumed by "*"',
    },
    {
      fault: "anybody, by the only statement there is",
      plant: ({ topology: { roles } }) => {
        roles.MarkPaidRole!.trust = { Statement: trusting("*").Statement[0] };
      },
      says: 'role MarkPaidRole is assumed by "*"',
    },
  ],
  "a role is assumed by the service that acts by it, and can be by no other": [
    {
      fault: "another service",
      plant: ({ topology: { roles } }) => {
        roles.MarkPaidRole!.trust = trusting({ Service: "ec2.amazonaws.com" });
      },
      says: "role MarkPaidRole trusts ec2.amazonaws.com, and is used by lambda.amazonaws.com",
    },
    {
      fault: "nobody at all",
      plant: ({ topology: { roles } }) => {
        roles.MarkPaidRole!.trust = {};
      },
      says: "role MarkPaidRole trusts nobody",
    },
    {
      fault: "more than to assume it",
      plant: ({ topology: { roles } }) => {
        roles.MarkPaidRole!.trust = trusting({ Service: "lambda.amazonaws.com" }, "sts:*");
      },
      says: "role MarkPaidRole lets others sts:*",
    },
  ],
  "roles have no managed policy, since AWS changes what those allow": [
    {
      fault: "a policy of AWS's",
      plant: ({ topology: { roles } }) => {
        roles.MarkPaidRole!.managedPolicies.push("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess");
      },
      says: "role MarkPaidRole has arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",
    },
  ],
  "a queue takes messages of this account alone, from a source that its policy names": [
    {
      fault: "no account",
      plant: open((statement) => {
        statement.Condition = { ArnEquals: statement.Condition.ArnEquals };
      }),
      says: "queue MarkPaidDeadLetters takes from any account",
    },
    {
      fault: "no source",
      plant: open((statement) => {
        statement.Condition = { StringEquals: statement.Condition.StringEquals };
      }),
      says: "queue MarkPaidDeadLetters takes from any source",
    },
    {
      fault: "any rule",
      plant: open((statement) => {
        statement.Condition.ArnLike = { "aws:SourceArn": [`${bus}:rule/*`] };
      }),
      says: "queue MarkPaidDeadLetters takes from any source",
    },
    {
      fault: "anybody",
      plant: open((statement) => {
        statement.Principal = "*";
      }),
      says: 'queue MarkPaidDeadLetters takes from "*"',
    },
    {
      fault: "leave to read",
      plant: open((statement) => {
        statement.Action = ["sqs:SendMessage", "sqs:ReceiveMessage"];
      }),
      says: "queue MarkPaidDeadLetters allows sqs:SendMessage,sqs:ReceiveMessage",
    },
  ],
  "a queue takes messages from each rule that leads to it, and from no other": [
    {
      fault: "a queue that refuses its rule",
      plant: ({ topology }) => {
        delete topology.queues.MarkPaidQueue!.policy;
      },
      says: "queue MarkPaidQueue refuses",
    },
    {
      fault: "any rule of the bus",
      plant: open((statement) => {
        statement.Condition.ArnEquals = { "aws:SourceArn": `${bus}:rule/${topology.buses.Bus!.name}/*` };
      }),
      says: "queue MarkPaidDeadLetters takes from",
    },
  ],
  "every rule, queue, stream and schedule leads to something that takes what it gives": [
    {
      fault: "a rule that is switched off",
      plant: ({ topology }) => {
        topology.rules.MarkPaid!.enabled = false;
      },
      says: "rule MarkPaid is switched off",
    },
    {
      fault: "a schedule that never runs",
      plant: ({ topology }) => {
        topology.schedules.ReconcilePayments!.enabled = false;
      },
      says: "schedule ReconcilePayments is switched off",
    },
    {
      fault: "a rule without a target",
      plant: ({ topology }) => {
        topology.rules.StartCheckout!.targets = [];
      },
      says: "rule StartCheckout has no target",
    },
    {
      fault: "a queue that nobody reads",
      plant: ({ topology }) => {
        topology.mappings.MarkPaid!.enabled = false;
      },
      says: "queue MarkPaidQueue is read by no function",
    },
    {
      fault: "dead letters that nothing is given to",
      plant: ({ topology }) => {
        topology.rules.StartCheckout!.targets[0]!.deadLetters = topology.queues.MarkPaidDeadLetters!.arn;
      },
      says: "queue StartCheckoutDeadLetters is nobody's dead letters",
    },
    {
      fault: "a stream that nobody reads",
      plant: ({ topology }) => {
        delete topology.mappings.OrderRelay;
      },
      says: "stream of OrderTable is read by no function",
    },
  ],
  "every asynchronous path is tried again, and not for ever": [
    {
      fault: "a rule that gives up at once",
      plant: ({ topology }) => {
        topology.rules.StartCheckout!.targets[0]!.retry = { maximumAttempts: 0, maximumAgeSeconds: 60 };
      },
      says: "rule StartCheckout → machine Checkout is never tried again",
    },
    {
      fault: "a rule without a limit",
      plant: ({ topology }) => {
        delete topology.rules.StartCheckout!.targets[0]!.retry;
      },
      says: "rule StartCheckout → machine Checkout has no number of attempts",
    },
    {
      fault: "a stream that one record stops for ever",
      plant: ({ topology }) => {
        topology.mappings.OrderRelay!.maximumAgeSeconds = -1;
      },
      says: "stream of OrderTable → function OrderRelay is tried for ever",
    },
    {
      fault: "a run of a schedule that is not tried again",
      plant: ({ topology }) => {
        topology.functions.SweepAccountsHandler!.asynchronous!.maximumRetries = 0;
      },
      says: "asynchronous run of SweepAccountsHandler is never tried again",
    },
  ],
  "every asynchronous path has dead letters": [
    {
      fault: "a rule without",
      plant: ({ topology }) => {
        delete topology.rules.MarkPaid!.targets[0]!.deadLetters;
      },
      says: "rule MarkPaid → queue MarkPaidQueue has no dead letters",
    },
    {
      fault: "a queue without",
      plant: ({ topology }) => {
        delete topology.queues.MarkPaidQueue!.redrive;
      },
      says: "queue MarkPaidQueue → function MarkPaid has no dead letters",
    },
    {
      fault: "a stream without",
      plant: ({ topology }) => {
        delete topology.mappings.OrderRelay!.onFailure;
      },
      says: "stream of OrderTable → function OrderRelay has no dead letters",
    },
    {
      fault: "a schedule without",
      plant: ({ topology }) => {
        delete topology.schedules.SweepAccounts!.target.deadLetters;
      },
      says: "schedule SweepAccounts → function SweepAccountsHandler has no dead letters",
    },
    {
      fault: "an asynchronous run without",
      plant: ({ topology }) => {
        delete topology.functions.SweepAccountsHandler!.asynchronous!.onFailure;
      },
      says: "asynchronous run of SweepAccountsHandler has no dead letters",
    },
  ],
  "dead letters wait for a person as long as SQS can keep them": [
    {
      fault: "SQS's own four days",
      plant: ({ topology }) => {
        topology.queues.MarkPaidDeadLetters!.retentionSeconds = 4 * 24 * 60 * 60;
      },
      says: "queue MarkPaidDeadLetters forgets letters",
    },
  ],
  "what nobody works off is kept as long as SQS can, since a queue forgets without a letter": [
    {
      fault: "four days, as SQS has it",
      plant: ({ topology }) => {
        topology.queues.MarkPaidQueue!.retentionSeconds = 4 * 24 * 60 * 60;
      },
      says: "queue MarkPaidQueue forgets work",
    },
  ],
  "every queue of dead letters has an alarm that tells somebody": [
    {
      fault: "an alarm that looks for the fewest letters",
      plant: ({ topology }) => {
        topology.alarms.MarkPaidLetters!.statistic = "Minimum";
      },
      says: "queue MarkPaidDeadLetters has no alarm",
    },
    {
      fault: "an alarm that takes hours",
      plant: ({ topology }) => {
        topology.alarms.MarkPaidLetters!.evaluationPeriods = 600;
      },
      says: "queue MarkPaidDeadLetters has no alarm",
    },
    {
      fault: "no alarm",
      plant: ({ topology }) => {
        delete topology.alarms.StartCheckoutLetters;
      },
      says: "queue StartCheckoutDeadLetters has no alarm: rule StartCheckout → machine Checkout may fail",
    },
    {
      fault: "an alarm that tells nobody",
      plant: ({ topology }) => {
        topology.alarms.MarkPaidLetters!.actions = [];
      },
      says: "queue MarkPaidDeadLetters has no alarm",
    },
    {
      fault: "an alarm on another queue",
      plant: ({ topology }) => {
        topology.alarms.MarkPaidLetters!.dimensions = { QueueName: topology.queues.ShipStockDeadLetters!.name };
      },
      says: "queue MarkPaidDeadLetters has no alarm",
    },
  ],
  "operators can get at every queue of dead letters": [
    {
      fault: "a queue that they do not know",
      plant: ({ topology }) => {
        delete (topology.links.DeadLetters!.queues as Record<string, unknown>).MarkPaid;
      },
      says: "queue MarkPaidDeadLetters is not in the link DeadLetters",
    },
  ],
  "a message stays invisible for at least six times as long as its function may run": [
    {
      fault: "a function that may take longer",
      plant: ({ topology }) => {
        topology.functions.MarkPaid!.timeoutSeconds = 11;
      },
      says: "queue MarkPaidQueue → function MarkPaid offers a message again after 60 s: make it 66",
    },
  ],
  "a batch fails message by message, or record by record": [
    {
      fault: "a queue whose batch fails as a whole",
      plant: ({ topology }) => {
        topology.mappings.MarkPaid!.partialResponses = false;
      },
      says: "the mapping of MarkPaid repeats all for one",
    },
    {
      fault: "a stream that does not bisect",
      plant: ({ topology }) => {
        topology.mappings.OrderRelay!.bisect = false;
      },
      says: "the mapping of OrderRelay is blocked by one record",
    },
  ],
  "a stream is read from its beginning": [
    {
      fault: "SST's own choice",
      plant: ({ topology }) => {
        topology.mappings.OrderRelay!.startingPosition = "LATEST";
      },
      says: "the mapping of OrderRelay misses what is written while it comes up",
    },
  ],
  "a machine calls functions by the versions that it was published with": [
    {
      fault: "whatever was deployed last",
      plant: ({ topology: { machines } }) => {
        const definition = JSON.stringify(machines.Checkout!.definition);
        machines.Checkout!.definition = JSON.parse(
          definition.replaceAll(`${functions.ReserveStock!.arn}:1`, functions.ReserveStock!.arn),
        );
      },
      says: `machine Checkout calls ${functions.ReserveStock!.arn} in ReserveStock`,
    },
    {
      fault: "a version that is not published",
      plant: ({ topology }) => {
        delete topology.functions.CancelOrder!.version;
      },
      says: `machine Checkout calls ${functions.CancelOrder!.arn}:1 in CancelOrder`,
    },
  ],
  "a machine is published, and its alias leads to that version": [
    {
      fault: "no version",
      plant: ({ topology }) => {
        delete topology.machines.Checkout!.version;
      },
      says: "machine Checkout publishes no version",
    },
    {
      fault: "no alias",
      plant: ({ topology }) => {
        delete topology.machines.Checkout!.alias;
      },
      says: "machine Checkout has no alias",
    },
    {
      fault: "an alias that stayed behind",
      plant: ({ topology }) => {
        topology.machines.Checkout!.alias!.version = `${machines.Checkout!.arn}:0`;
      },
      says: `machine Checkout is started as ${machines.Checkout!.arn}:0`,
    },
  ],
  "a machine is started by its alias": [
    {
      fault: "a rule that starts what was deployed last",
      plant: ({ topology }) => {
        topology.rules.StartCheckout!.targets[0]!.arn = machines.Checkout!.arn;
      },
      says: `rule StartCheckout starts machine Checkout by ${machines.Checkout!.arn}: use its alias`,
    },
    {
      fault: "leave to start it past its alias",
      plant: granting("ReplayRole", { Action: ["states:StartExecution"], Resource: [machines.Checkout!.arn] }),
      says: `role ReplayRole starts machine Checkout by ${machines.Checkout!.arn}`,
    },
    {
      fault: "letters that are redriven past its alias",
      plant: ({ topology }) => {
        (topology.links.DeadLetters!.queues as Record<string, { targetArn: string }>).StartCheckout!.targetArn =
          machines.Checkout!.arn;
      },
      says: "the redrive of StartCheckout starts machine Checkout by",
    },
  ],
  "a state that calls something is tried again, a number of times": [
    {
      fault: "a step that gives up at once",
      plant: ({ topology }) => {
        const states = topology.machines.Checkout!.definition.States as Record<string, { Retry?: unknown }>;
        delete states.VoidPayment!.Retry;
      },
      says: "machine Checkout gives up at once in VoidPayment",
    },
  ],
  "a machine ends in time, and tells somebody when it fails or does not": [
    {
      fault: "a machine without a limit",
      plant: ({ topology }) => {
        delete topology.machines.Checkout!.definition.TimeoutSeconds;
      },
      says: "machine Checkout has no TimeoutSeconds",
    },
    {
      fault: "no alarm",
      plant: ({ topology }) => {
        delete topology.alarms.CheckoutFailed;
      },
      says: "machine Checkout has no alarm on ExecutionsFailed",
    },
  ],
  "every function and machine is traced": [
    {
      fault: "a function that only passes traces on",
      plant: ({ topology }) => {
        topology.functions.MarkPaid!.tracing = "PassThrough";
      },
      says: "function MarkPaid is not traced",
    },
    {
      fault: "a machine that is not",
      plant: ({ topology }) => {
        topology.machines.Checkout!.tracing = false;
      },
      says: "machine Checkout is not traced",
    },
  ],
  "tables are protected as their stage says, and always encrypted": [
    {
      fault: "production without backups",
      plant: as("production"),
      says: "table OrderTable: point-in-time recovery is false, and stacks/stage.ts says true",
    },
    {
      fault: "production that can be deleted",
      plant: as("production"),
      says: "table OrderTable: deletion protection is false, and stacks/stage.ts says true",
    },
    {
      fault: "a table that is not encrypted",
      plant: ({ topology }) => {
        topology.tables.OrderTable!.encrypted = false;
      },
      says: "table OrderTable: encryption is false",
    },
  ],
  "logs are kept as long as their stage says": [
    {
      fault: "a log that is kept for ever",
      plant: ({ topology }) => {
        delete topology.functions.MarkPaid!.logRetentionDays;
      },
      says: "function MarkPaid: days that its log is kept is not set, and stacks/stage.ts says 7",
    },
    {
      fault: "an access log that is kept for a week in production",
      plant: as("production"),
      says: "API Api: days that its log is kept is 7, and stacks/stage.ts says 365",
    },
  ],
  "events are archived as long as their stage says": [
    {
      fault: "production that forgets after a week",
      plant: as("production"),
      says: "archive Archive: days that events are kept is 7, and stacks/stage.ts says 365",
    },
    {
      fault: "no archive",
      plant: ({ topology }) => {
        topology.archives = {};
      },
      says: "bus Bus has no archive",
    },
  ],
  "the API is throttled as its stage says": [
    {
      fault: "no limit",
      plant: ({ topology }) => {
        delete topology.apis.Api!.throttling;
      },
      says: "API Api: burst is not set",
    },
  ],
  "browsers call from the storefront alone, where there is one": [
    {
      fault: "production that is open to any origin",
      plant: as("production"),
      says: "API Api is called from *",
    },
  ],
  "no secret is a placeholder, where secrets are required": [
    {
      fault: "production with what everybody knows",
      plant: as("production"),
      says: "secret SigningKey is a placeholder",
    },
    {
      fault: "staging with a webhook secret that everybody knows",
      plant: as("staging"),
      says: "secret SandboxWebhookSecret is a placeholder",
    },
  ],
  "whoever calls the payment provider keeps to the pace of its stage": [
    {
      fault: "a step without a limit",
      plant: ({ topology }) => {
        delete topology.functions.CapturePayment!.reservedConcurrency;
      },
      says: "function CapturePayment calls the provider as often as it likes: set its reserved concurrency",
    },
    {
      fault: "a reaction without a limit",
      plant: ({ topology }) => {
        delete topology.mappings.IssueRefund!.maximumConcurrency;
      },
      says: "function IssueRefund calls the provider as often as it likes: set its mapping's maximum concurrency",
    },
    {
      fault: "more than the stage's provider takes",
      plant: as("staging"),
      says: "function CapturePayment calls the provider as often as it likes",
    },
  ],
  "alarms tell somebody, or are part of one that does, where somebody is on call": [
    {
      fault: "an alarm that tells nobody",
      plant: ({ topology }) => {
        topology.alarms.NegativeStock!.actions = [];
      },
      says: "alarm NegativeStock tells nobody",
    },
    {
      fault: "one that does not tell that it is over",
      plant: ({ topology }) => {
        topology.compositeAlarms.OrderSuccessFastBurn!.okActions = [];
      },
      says: "alarm OrderSuccessFastBurn tells nobody",
    },
    {
      fault: "alarms in a stage where nobody is on call",
      plant: as("ada"),
      says: "alarm NegativeStock is watched by nobody in this stage",
    },
  ],
  "every stream has alarms on how late it is read, and how late its events are published": [
    {
      fault: "a relay that may stand still",
      plant: ({ topology }) => {
        delete topology.alarms.OrderRelayIteratorAge;
      },
      says: "function OrderRelay has no alarm on IteratorAge",
    },
    {
      fault: "a relay that may be late, though another's alarm has the same page",
      plant: ({ topology }) => {
        delete topology.alarms.OrderRelayLag;
      },
      says: "function OrderRelay has no alarm on RelayLag",
    },
  ],
  "every table that tells of its changes has alarms on what it refuses": [
    {
      fault: "refused writes that nobody hears of",
      plant: ({ topology }) => {
        delete topology.alarms.OrderTableWriteThrottles;
      },
      says: "table OrderTable has no alarm on WriteThrottleEvents",
    },
  ],
  "an alarm on a metric of ours has the service and the stage among its dimensions, as the metric has": [
    {
      fault: "another stage's metric",
      plant: ({ topology }) => {
        topology.alarms.NegativeStock!.dimensions.stage = "other";
      },
      says: "alarm NegativeStock hears nothing of this stage",
    },
  ],
  "CloudWatch takes every alarm": [
    {
      fault: "two days of minutes",
      plant: ({ topology }) => {
        topology.alarms.NegativeStock!.evaluationPeriods = 2 * 24 * 60;
      },
      says: "alarm NegativeStock looks at periods that CloudWatch refuses",
    },
    {
      fault: "a long description",
      plant: ({ topology }) => {
        topology.alarms.NegativeStock!.description = "x".repeat(1025);
      },
      says: "alarm NegativeStock has a description of more than 1,024 characters",
    },
    {
      fault: "a composite whose part is gone",
      plant: ({ topology }) => {
        delete topology.alarms.OrderFaultsOneHour;
      },
      says: "alarm OrderSuccessFastBurn is about",
    },
  ],
  "every alarm that tells somebody names its page in the runbook": [
    {
      fault: "an alarm that names none",
      plant: ({ topology }) => {
        topology.alarms.NegativeStock!.description = "A counter of stock is below zero.";
      },
      says: "alarm NegativeStock names no page",
    },
    {
      fault: "a page that nobody has written",
      plant: (facts) => {
        facts.pages = facts.pages.filter((page) => page !== "NegativeStock.md");
      },
      says: "alarm NegativeStock names a page that is not there: write docs/runbook/NegativeStock.md",
    },
  ],
  "every page of the runbook is about an alarm": [
    {
      fault: "a page that was left over",
      plant: ({ pages }) => {
        pages.push("OldAlarm.md");
      },
      says: "docs/runbook/OldAlarm.md is about no alarm",
    },
  ],
};

test("each rule has been seen to fail", () => {
  expect(Object.keys(plants).sort()).toEqual(rules.map(({ name }) => name).sort());
});

describe.each(rules)("$name: notices", ({ name, faults }) => {
  test.each(plants[name] ?? [])("$fault", ({ plant, says }) => {
    const facts = structuredClone(recorded);
    const before = faults(facts).join("\n");
    plant(facts);
    expect(before).not.toContain(says);
    expect(faults(facts).join("\n")).toContain(says);
  });
});

function trusting(Principal: unknown, Action = "sts:AssumeRole") {
  return { Statement: [{ Effect: "Allow", Principal, Action }] };
}

interface Statement {
  Principal: unknown;
  Action: unknown;
  Condition: Record<string, unknown>;
}

/** Changes who may send to a queue of dead letters. */
function open(change: (statement: Statement) => void) {
  return ({ topology }: Facts) =>
    change((topology.queues.MarkPaidDeadLetters!.policy as { Statement: [Statement] }).Statement[0]);
}

/** What is recorded for one's own machine, held to what another stage promises. */
function as(stage: string) {
  return (facts: Facts) => {
    facts.row = StageRow.parse(stageOf(stage));
  };
}
