import { registry } from "@cartwright/events";
import { texts as list, matches, parsePattern, subscribersOf } from "@cartwright/topology";
import { expect, test } from "vitest";
import { topology } from "./recorded.ts";

// What must hold of any shop, in every stage, is in packages/topology/src/rule.
const functions = Object.entries(topology.functions);
const queueOf = (arn: string) => Object.values(topology.queues).find((queue) => queue.arn === arn)!;
const functionOf = (arn: string) => Object.values(topology.functions).find((lambda) => lambda.arn === arn)!;
const roleOf = (arn: string) => Object.values(topology.roles).find((role) => role.arn === arn)!;

const queueMappings = Object.entries(topology.mappings).filter(([, { source }]) => source.includes(":sqs:"));
const streamMappings = Object.entries(topology.mappings).filter(([, { source }]) => source.includes(":dynamodb:"));

test("the recording is of this application, with something in every part", () => {
  expect(topology).toMatchObject({ app: "cartwright", stage: "local", region: "eu-west-1" });
  for (const [part, things] of Object.entries(topology)) expect(Object.keys(things), part).not.toEqual([]);
});

test("every rule has one target, which is tried again ten times, for an hour at most", () => {
  for (const [name, { targets }] of Object.entries(topology.rules)) {
    expect(targets, name).toHaveLength(1);
    expect(targets[0]!.retry, name).toEqual({ maximumAttempts: 10, maximumAgeSeconds: 3600 });
  }
});

test("a relay sees only what was written with an outbox, never a deletion", () => {
  for (const [name, { filters }] of streamMappings) {
    const outbox = { S: [{ exists: true }] };
    expect(filters, name).toEqual([{ eventName: ["INSERT", "MODIFY"], dynamodb: { NewImage: { outbox } } }]);
  }
});

test("the dead letters of a rule accept that rule alone", () => {
  for (const [name, rule] of Object.entries(topology.rules)) {
    const { policy } = queueOf(rule.targets[0]!.deadLetters!);
    const ruleArn = `arn:aws:events:${topology.region}:${topology.account}:rule/${rule.bus}/${rule.name}`;
    expect(policy, name).toMatchObject({
      Statement: [
        { Principal: { Service: ["events.amazonaws.com"] }, Condition: { ArnEquals: { "aws:SourceArn": [ruleArn] } } },
      ],
    });
  }
});

test("a rule names only events that exist, from the domain that publishes them", () => {
  for (const [name, { pattern }] of Object.entries(topology.rules)) {
    for (const event of list(pattern!["detail-type"])) {
      const definition = registry.get(event);
      expect(definition, `${name}: ${event}`).toBeDefined();
      expect(list(pattern!.source), name).toContain(definition!.source);
    }
  }
});

test("no function reaches into two domains", () => {
  const tables = ["UserTable", "InventoryTable", "OrderTable", "PaymentTable"];
  for (const [name, { links }] of functions) {
    expect(links.filter((link) => tables.includes(link)).length, name).toBeLessThanOrEqual(1);
  }
});

test("a function may use exactly the tables it is linked to", () => {
  for (const [name, { role, links }] of functions) {
    const usable = roleOf(role)
      .statements.flatMap(({ Resource }) => list(Resource))
      .filter((arn) => /:table\/[^/]+$/.test(arn));
    // A link may give no more than a table's name.
    const linked = Object.values(topology.tables)
      .filter((table) => links.some((link) => Object.values(topology.links[link] ?? {}).includes(table.name)))
      .map(({ arn }) => arn);
    expect(new Set(usable), name).toEqual(new Set(linked));
  }
});

test("only the payment domain opens payment tokens, and only the order router seals them", () => {
  const holders = functions.filter(([, { links }]) => links.includes("PaymentTokenKey")).map(([name]) => name);
  expect(holders.sort()).toEqual(["AuthorizePayment", "OrderRouter"]);
});

test("whoever asks a provider has time for a call that is lost, its look-up, and both once more", () => {
  const asking = functions.filter(([, { links }]) => links.includes("StripeApiKey"));
  expect(asking.map(([name]) => name).sort()).toEqual([
    "AuthorizePayment",
    "CapturePayment",
    "HeedWebhook",
    "IssueRefund",
    "NeedsOperator",
    "PaymentRouter",
    "ReconcilePaymentsHandler",
    "VoidPayment",
  ]);
  for (const [name, { timeoutSeconds }] of asking) {
    if (name !== "PaymentRouter") expect(timeoutSeconds, name).toBeGreaterThanOrEqual(4 * 4 + 10);
  }
});

test("only the router that takes webhooks, and the sandbox that sends them, know their secrets", () => {
  const holders = (secret: string) => functions.filter(([, { links }]) => links.includes(secret)).map(([name]) => name);
  expect(holders("StripeWebhookSecret")).toEqual(["PaymentRouter"]);
  expect(holders("SandboxWebhookSecret").sort()).toEqual(["PaymentRouter", "SandboxWork"]);
});

test("nothing is scanned but the sandbox provider's books, by the function that reconciles them", () => {
  const scanning = functions.flatMap(([name, { role }]) =>
    roleOf(role)
      .statements.filter(({ Action }) => list(Action).includes("dynamodb:Scan"))
      .map(({ Resource }) => [name, list(Resource)]),
  );
  expect(scanning).toEqual([["ReconcilePaymentsHandler", [topology.tables.SandboxTable!.arn]]]);
});

test("only relays publish, and the operators' router, which publishes again what a relay gave up on", () => {
  const publishers = functions.filter(([, { role }]) =>
    roleOf(role).statements.some(({ Action }) => list(Action).includes("events:PutEvents")),
  );
  expect(publishers.map(([name]) => name).sort()).toEqual([
    "InventoryRelay",
    "OpsRouter",
    "OrderRelay",
    "PaymentRelay",
    "UserRelay",
  ]);
});

test("no environment carries a secret", () => {
  const secrets = Object.values(topology.links).flatMap((link) => (link.type === "sst.sst.Secret" ? [link.value] : []));
  expect(secrets).toHaveLength(6);
  for (const [name, { environment }] of functions) {
    for (const value of Object.values(environment)) expect(secrets, name).not.toContain(value);
  }
});

test("every function runs on the same runtime, and answers before the API gives up", () => {
  for (const [name, { runtime, architecture }] of functions) {
    expect({ runtime, architecture }, name).toEqual({ runtime: "nodejs24.x", architecture: "arm64" });
  }
  for (const { key, function: arn } of topology.apis.Api!.routes) {
    expect(functionOf(arn).timeoutSeconds, key).toBeLessThan(30);
  }
});

test("people sign in with a password over the API alone, and staff is a group", () => {
  const { clients, groups, issuer, id } = topology.userPools.UserPool!;
  expect(groups).toEqual(["staff"]);
  expect(clients.Web!.flows).toEqual(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
  expect(topology.links.Identity).toMatchObject({ issuer, userPoolId: id, clientId: clients.Web!.id });
});

test("the placeholder for the payment token key is a key", () => {
  expect(Buffer.from(String(topology.links.PaymentTokenKey!.value), "base64")).toHaveLength(32);
});

interface DeadLetters {
  url: string;
  arn: string;
  events: string[];
  redrivesTo: string;
  targetArn?: string;
  backWithinSeconds?: number;
  replayable: boolean;
}

const deadLetters = topology.links.DeadLetters!.queues as Record<string, DeadLetters>;
const subscribers = subscribersOf(topology);
const actionsOn = (functionName: string, action: string) =>
  roleOf(topology.functions[functionName]!.role)
    .statements.filter(({ Action }) => list(Action).includes(action))
    .flatMap(({ Resource }) => list(Resource))
    .sort();

test("operators can get at every queue of dead letters", () => {
  const queues = Object.entries(topology.queues).filter(([name]) => name.endsWith("DeadLetters"));
  const known = Object.entries(deadLetters).map(([name, { url, arn }]) => [`${name}DeadLetters`, { url, arn }]);
  expect(Object.fromEntries(known)).toEqual(
    Object.fromEntries(queues.map(([name, { url, arn }]) => [name, { url, arn }])),
  );
});

test("a letter is redriven to where it came from", () => {
  for (const [name, { arn, redrivesTo, targetArn }] of Object.entries(deadLetters)) {
    const queue = Object.values(topology.queues).find(({ redrive }) => redrive?.deadLetters === arn);
    const machine = subscribers.find(
      ({ kind, deadLetters }) => kind === "state machine" && topology.queues[deadLetters]!.arn === arn,
    );
    const isRelay = streamMappings.some(([, { onFailure }]) => onFailure === arn);
    const right = queue ? "queue" : machine ? "machine" : isRelay ? "bus" : "nothing";
    expect({ redrivesTo, targetArn }, name).toEqual({ redrivesTo: right, targetArn: queue?.arn ?? machine?.targetArn });
  }
});

test("what a subscriber's letters may hold, and what can be replayed to it, is what its rule takes", () => {
  for (const [name, { events, targetArn, replayable }] of Object.entries(deadLetters)) {
    const subscriber = subscribers.find((each) => each.targetArn === targetArn);
    const taken = [...registry.values()].filter((event) => subscriber?.takes(event));
    expect(replayable, name).toBe(subscriber !== undefined);
    if (replayable) expect(events.toSorted(), name).toEqual(taken.map((event) => event.name).toSorted());
  }
});

test("the rule for replays takes whatever the archive holds, and nothing that is live", () => {
  const { pattern } = topology.rules.Replay!;
  const live = { source: "cartwright.order", "detail-type": "order.placed", detail: {} };
  const asEvent = (event: object) => matches(parsePattern(pattern, "Replay"), event as never);
  expect(asEvent(live)).toBe(false);
  expect(asEvent({ ...live, "replay-name": "rpl_1" })).toBe(true);
  expect(pattern!.source).toEqual(topology.archives.Archive!.pattern!.source);
});

test("operators' functions may do what they do on the queues, the machine's alias, the bus and the archive that it is for", () => {
  const all = Object.values(deadLetters);
  const arns = (letters: DeadLetters[]) => letters.map(({ arn }) => arn).sort();
  const targets = (letters: DeadLetters[]) => letters.map(({ targetArn }) => targetArn!).sort();
  const toQueues = all.filter(({ redrivesTo }) => redrivesTo === "queue");
  const redrivable = all.filter(({ redrivesTo }) => redrivesTo !== "nothing");
  for (const action of ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility"]) {
    expect(actionsOn("OpsRouter", action), action).toEqual(arns(all));
  }
  const counted = [...arns(all), deadLetters.Replay!.targetArn!].sort();
  expect(actionsOn("OpsRouter", "sqs:GetQueueAttributes")).toEqual(counted);
  expect(actionsOn("OpsRouter", "sqs:DeleteMessage")).toEqual(arns(redrivable));
  for (const action of ["sqs:StartMessageMoveTask", "sqs:ListMessageMoveTasks"]) {
    expect(actionsOn("OpsRouter", action), action).toEqual(arns(toQueues));
  }
  expect(actionsOn("OpsRouter", "sqs:SendMessage")).toEqual(targets(toQueues));
  const own = deadLetters.Replay!.arn;
  const replayed = toQueues.filter(({ replayable }) => replayable);
  expect(actionsOn("Replay", "sqs:SendMessage")).toEqual([...targets(replayed), own].sort());
  const machine = [topology.machines.Checkout!.arn];
  for (const name of ["OpsRouter", "Replay"]) expect(actionsOn(name, "states:StartExecution"), name).toEqual(machine);
  const archive = topology.archives.Archive!.arn;
  const replays = archive.replace(/:archive\/.*$/, ":replay/rpl_*");
  const { arn: bus } = topology.buses.Bus!;
  expect(actionsOn("OpsRouter", "events:StartReplay")).toEqual([archive, bus, replays].sort());
  expect(actionsOn("OpsRouter", "events:DescribeReplay")).toEqual([replays]);
});

test("operators' functions do no more with the records of replays than start, count and look up, and count their callers", () => {
  const { arn } = topology.tables.OpsTable!;
  const actionsOf = (name: string) =>
    roleOf(topology.functions[name]!.role)
      .statements.filter(({ Resource }) => list(Resource).some((resource) => resource.startsWith(arn)))
      .map(({ Action, Resource }) => ({ actions: list(Action).toSorted(), resources: list(Resource) }));
  expect(actionsOf("OpsRouter")).toEqual([
    { actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], resources: [arn] },
  ]);
  expect(actionsOf("Replay")).toEqual([{ actions: ["dynamodb:GetItem", "dynamodb:UpdateItem"], resources: [arn] }]);
});

test("operators are told when a redriven letter is back at the latest, as its queue has it", () => {
  for (const [name, { redrivesTo, targetArn, backWithinSeconds }] of Object.entries(deadLetters)) {
    const queue = redrivesTo === "queue" ? queueOf(targetArn!) : undefined;
    const { delaySeconds, visibilityTimeoutSeconds, redrive } = queue ?? {};
    const expected = queue && delaySeconds! + visibilityTimeoutSeconds! * redrive!.maximumReceives;
    expect(backWithinSeconds, name).toBe(expected);
  }
});

test("a subscriber knows its own dead letters, and after which attempt SQS would fill them", () => {
  for (const [name, mapping] of queueMappings) {
    const { environment, links } = functionOf(mapping.function);
    const { redrive } = queueOf(mapping.source);
    expect(environment.MAXIMUM_RECEIVES, name).toBe(String(redrive!.maximumReceives));
    expect(topology.queues[environment.DEAD_LETTERS!]!.arn, name).toBe(redrive!.deadLetters);
    expect(links, name).toContain(environment.DEAD_LETTERS);
  }
});

test("a relay gives up on a change before the stream forgets it, and not for the number of its attempts", () => {
  for (const [name, mapping] of streamMappings) {
    const { environment, links } = functionOf(mapping.function);
    expect(Number(environment.GIVE_UP_AFTER_SECONDS), name).toBeGreaterThan(0);
    expect(Number(environment.GIVE_UP_AFTER_SECONDS), name).toBeLessThan(mapping.maximumAgeSeconds!);
    expect(mapping.maximumRetries, name).toBe(-1);
    expect(topology.queues[environment.DEAD_LETTERS!]!.arn, name).toBe(mapping.onFailure);
    expect(links, name).toContain(environment.DEAD_LETTERS);
  }
});

test("nothing that runs may delete an item of a table", () => {
  for (const [name, { statements }] of Object.entries(topology.roles)) {
    const deleting = statements
      .flatMap(({ Action }) => list(Action))
      .filter((action) => action === "dynamodb:DeleteItem");
    expect(deleting, name).toEqual([]);
  }
});

test("a router tells whom it knows by a key and holds them to limits, and nothing else does", () => {
  const routers = functions.filter(([name]) => name.endsWith("Router") && name !== "DocsRouter");
  for (const [name, { links }] of functions) {
    const has = ["CallerLimits", "SigningKey"].map((link) => links.includes(link));
    const isRouter = routers.some(([router]) => router === name);
    expect(has, name).toEqual([isRouter, isRouter]);
  }
  expect(routers).toHaveLength(5);
});

test("accounts are touched by the user's router and by what deletes them alone", () => {
  const touching = functions.filter(([, { role }]) =>
    roleOf(role).statements.some(({ Action }) => list(Action).some((action) => action.startsWith("cognito-idp:"))),
  );
  expect(touching.map(([name]) => name).sort()).toEqual(["DeleteAccount", "SweepAccountsHandler", "UserRouter"]);
  const { arn } = topology.userPools.UserPool!;
  for (const action of ["AdminDeleteUser", "AdminGetUser", "ListUsers"]) {
    expect(actionsOn("SweepAccountsHandler", `cognito-idp:${action}`), action).toEqual([arn]);
  }
  expect(actionsOn("UserRouter", "cognito-idp:ListUsers")).toEqual([]);
});

test("nobody but the user's router can call the pool as its client: it has a secret, and no other link tells it", () => {
  const { secret } = topology.userPools.UserPool!.clients.Web!;
  expect(topology.links.IdentityClient).toMatchObject({ secret });
  const holders = functions.filter(([, { links }]) => links.includes("IdentityClient")).map(([name]) => name);
  expect(holders).toEqual(["UserRouter"]);
  const telling = Object.entries(topology.links).filter(([, link]) => JSON.stringify(link).includes(String(secret)));
  expect(telling.map(([name]) => name)).toEqual(["IdentityClient"]);
  for (const [name, { environment }] of functions) {
    expect(Object.values(environment).join(), name).not.toContain(secret);
  }
});

test("an access token has expired long before the last look for what it was used for", () => {
  const [client] = Object.values(topology.userPools).flatMap(({ clients }) => Object.values(clients));
  const { visibilityTimeoutSeconds, redrive } = topology.queues.ForgetCustomerQueue!;
  const lastLookSeconds = visibilityTimeoutSeconds * (redrive!.maximumReceives - 1);
  expect(lastLookSeconds).toBeGreaterThan(2 * 60 * client!.accessTokenMinutes!);
});
