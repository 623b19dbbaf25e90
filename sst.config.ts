/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  async app(input) {
    const { stageOf } = await import("./stacks/stage.ts");
    const { removal, protect } = stageOf(input.stage);
    return {
      name: "cartwright",
      version: "4.17.1",
      home: "aws",
      removal,
      protect,
      providers: {
        aws: {
          version: "7.20.0",
          region: (process.env.AWS_REGION ?? "eu-west-1") as aws.Region,
          defaultTags: { tags: { app: "cartwright", stage: input.stage } },
        },
      },
    };
  },

  async run() {
    // The defaults only act on what is created after them.
    await import("./stacks/defaults.ts");
    await import("./stacks/secret.ts");
    const { userPool } = await import("./stacks/identity.ts");
    await import("./stacks/table.ts");
    const { bus } = await import("./stacks/bus.ts");
    await import("./stacks/relay.ts");
    await import("./stacks/reaction.ts");
    const { checkout, checkoutAlias } = await import("./stacks/saga.ts");
    const { api } = await import("./stacks/api.ts");
    await import("./stacks/schedule.ts");
    await import("./stacks/sandbox-work.ts");
    await import("./stacks/replay.ts");
    // What is watched, and then what operators can do, covers all that comes before.
    await import("./stacks/observability.ts");
    await import("./stacks/dashboard.ts");
    await import("./stacks/ops.ts");
    await import("./stacks/output.ts");
    const { alarms } = await import("./stacks/alarm.ts");
    return {
      api: api.url,
      bus: bus.name,
      checkout: checkout.arn,
      checkoutAlias: checkoutAlias.arn,
      userPool: userPool.id,
      alarms: alarms.arn,
    };
  },
});
