import { Inventory } from "@cartwright/core/inventory";
import { Sku } from "@cartwright/events";
import * as z from "zod";
import { maybeSignedIn, staff } from "./http/auth.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { etag, idempotencyKey, ifMatch, PageQuery, valid, versionIn } from "./http/valid.ts";

const bySku = valid("param", z.object({ sku: Sku }));

export const inventory = router()
  .get("/products", valid("query", PageQuery), async (c) => {
    const { limit = 20, cursor } = c.req.valid("query");
    return c.json(await Inventory.list({ limit, cursor }));
  })
  .get("/products/:sku", maybeSignedIn(), bySku, async (c) => {
    const isStaff = c.get("actor")?.roles.includes("staff") ?? false;
    const product = await Inventory.fromSku(c.req.valid("param").sku, { staff: isStaff });
    c.header("ETag", etag(product.version));
    return c.json(product);
  })
  .post("/products", staff(), valid("json", Inventory.Create), async (c) => {
    const product = await Inventory.create(c.req.valid("json"), c.get("cause"));
    c.header("Location", `/products/${product.sku}`);
    c.header("ETag", etag(product.version));
    return c.json(product, 201);
  })
  .patch("/products/:sku", staff(), bySku, ifMatch(), valid("json", Inventory.Update), async (c) => {
    const expectedVersion = versionIn(c.req.valid("header")["if-match"]);
    const { sku } = c.req.valid("param");
    const product = await Inventory.update(sku, c.req.valid("json"), expectedVersion, c.get("cause"));
    c.header("ETag", etag(product.version));
    return c.json(product);
  })
  .get("/products/:sku/stock", staff(), bySku, async (c) =>
    c.json(await Inventory.stockFromSku(c.req.valid("param").sku)),
  )
  .post(
    "/products/:sku/stock-adjustments",
    staff(),
    bySku,
    idempotencyKey(),
    valid("json", Inventory.Adjust),
    async (c) => {
      const by = { actorId: c.get("actor").userId, idempotencyKey: c.req.valid("header")["idempotency-key"] };
      const { sku } = c.req.valid("param");
      const { adjustment, replayed } = await Inventory.adjust(sku, c.req.valid("json"), by, c.get("cause"));
      if (replayed) c.header("Idempotent-Replayed", "true");
      return c.json(adjustment, 201);
    },
  );

export const handler = serve(inventory);
