import { policy } from "./stage.ts";

type Indexes = NonNullable<sst.aws.DynamoArgs["globalIndexes"]>;

const keys = { pk: "string", sk: "string" } as const;
const gsi1Keys = { gsi1pk: "string", gsi1sk: "string" } as const;
const gsi1 = { hashKey: "gsi1pk", rangeKey: "gsi1sk" };

/** What a list of orders shows, with the attributes by which ElectroDB knows its entities. */
const orderSummary = [
  "__edb_e__",
  "__edb_v__",
  "createdAt",
  "currency",
  "customerId",
  "orderId",
  "reason",
  "status",
  "totalMinor",
];

/** What tells the reconcilers whom to look at. None of it changes with an entry, so the index costs a write at first, and with each refund or undo. */
const paymentKeys = ["__edb_e__", "__edb_v__", "orderId"];

export const userTable = domainTable("UserTable");
export const inventoryTable = domainTable("InventoryTable", { gsi1 });
export const orderTable = domainTable("OrderTable", { gsi1: { ...gsi1, projection: orderSummary } });
export const paymentTable = domainTable("PaymentTable", { gsi1: { ...gsi1, projection: paymentKeys } });

/** The sandbox payment provider's own books: nothing of ours listens to them. */
export const sandboxTable = table("SandboxTable", {});

/** What operators asked for. Nothing follows from it, so it has no stream. */
export const opsTable = table("OpsTable", {});

function domainTable(name: string, globalIndexes?: Indexes) {
  return table(name, { stream: "new-and-old-images", ...(globalIndexes && { globalIndexes }) });
}

function table(name: string, args: Pick<sst.aws.DynamoArgs, "globalIndexes" | "stream">) {
  return new sst.aws.Dynamo(name, {
    ...args,
    // DynamoDB refuses attributes that are no key of the table or of an index.
    fields: args.globalIndexes ? { ...keys, ...gsi1Keys } : keys,
    primaryIndex: { hashKey: "pk", rangeKey: "sk" },
    ttl: "expiresAt",
    deletionProtection: policy.protect,
    transform: {
      table: (resource) => {
        resource.pointInTimeRecovery = { enabled: policy.pointInTimeRecovery };
        resource.serverSideEncryption = { enabled: true };
      },
    },
  });
}
