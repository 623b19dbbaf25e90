import { Inventory } from "@cartwright/core/inventory";
import { Sku } from "@cartwright/events";
import * as z from "zod";
import { maybeSignedIn, staff } from "./http/auth.ts";
import { publiclyCached } from "./http/cached.ts";
import { withETag } from "./http/reply.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";
import { ifMatch, PageQuery, valid } from "./http/valid.ts";
import { stock } from "./inventory/stock.ts";

const bySku = valid("param", z.object({ sku: Sku }));

const BrowseQuery = PageQuery.extend({
  category: Inventory.Info.shape.category,
  /** What titles begin with. */
  prefix: z.string().max(200).optional(),
});

export const inventory = router()
  .get("/products", publiclyCached({ maximumAgeSeconds: 60 }), valid("query", BrowseQuery), async (c) => {
    const { limit = 20, ...browse } = c.req.valid("query");
    return c.json(await Inventory.list({ limit, ...browse }));
  })
  .get("/products/:sku", publiclyCached({ maximumAgeSeconds: 30 }), maybeSignedIn(), bySku, async (c) => {
    const isStaff = c.get("actor")?.roles.includes("staff") ?? false;
    return withETag(c, await Inventory.fromSku(c.req.valid("param").sku, { staff: isStaff }));
  })
  .post("/products", staff(), valid("json", Inventory.Create), async (c) => {
    const product = await Inventory.create(c.req.valid("json"), c.get("cause"));
    c.header("Location", `/products/${product.sku}`);
    return withETag(c, product, 201);
  })
  .patch("/products/:sku", staff(), bySku, ifMatch(), valid("json", Inventory.Update), async (c) => {
    const expectedVersion = c.req.valid("header")["if-match"];
    const { sku } = c.req.valid("param");
    return withETag(c, await Inventory.update(sku, c.req.valid("json"), expectedVersion, c.get("cause")));
  })
  .route("/", stock);

export const handler = serve(inventory);
