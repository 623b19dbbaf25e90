import { stage } from "./deployment.ts";

type Indexes = NonNullable<sst.aws.DynamoArgs["globalIndexes"]>;

const keys = { pk: "string", sk: "string" } as const;

/** Indexes find keys, and the items are read by these: so a change of an item costs nothing in an index. */
const found = ["__edb_e__", "__edb_v__"];

/** What tells the reconcilers whom to look at. None of it changes with an entry, so the index costs a write at first, and with each refund or undo. */
const paymentKeys = [...found, "orderId"];

export const userTable = domainTable("UserTable");
export const inventoryTable = domainTable("InventoryTable", { gsi1: index(1, found), gsi2: index(2, found) });

export const orderTable = domainTable("OrderTable", {
  gsi1: index(1, found),
  gsi2: index(2, found),
  gsi3: index(3, found),
});
export const paymentTable = domainTable("PaymentTable", { gsi1: index(1, paymentKeys) });

/** The sandbox payment provider's own books: nothing of ours listens to them. */
export const sandboxTable = table("SandboxTable", {});

/** What operators asked for. Nothing follows from it, so it has no stream. */
export const opsTable = table("OpsTable", {});

function index(number: number, projection: string[]) {
  return { hashKey: `gsi${number}pk`, rangeKey: `gsi${number}sk`, projection };
}

function domainTable(name: string, globalIndexes?: Indexes) {
  return table(name, { stream: "new-and-old-images", ...(globalIndexes && { globalIndexes }) });
}

function table(name: string, args: Pick<sst.aws.DynamoArgs, "globalIndexes" | "stream">) {
  return new sst.aws.Dynamo(name, {
    ...args,
    // DynamoDB refuses attributes that are no key of the table or of an index.
    fields: { ...keys, ...indexKeys(args.globalIndexes) },
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    ttl: "expiresAt",
    deletionProtection: stage.deletionProtection,
    transform: {
      table: (resource) => {
        resource.pointInTimeRecovery = { enabled: stage.pointInTimeRecovery };
        resource.serverSideEncryption = { enabled: true };
      },
    },
  });
}

function indexKeys(indexes: Indexes = {}): Record<string, "string"> {
  return Object.fromEntries(
    Object.keys(indexes).flatMap((name) => [`${name}pk`, `${name}sk`].map((key) => [key, "string"])),
  );
}
