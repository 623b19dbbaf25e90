import document from "../openapi.json" with { type: "json" };
import { asset, send, swaggerUi } from "./docs/asset.ts";
import { contentSecurityPolicy, init, page } from "./docs/page.ts";
import { publiclyCached } from "./http/cached.ts";
import { router } from "./http/router.ts";
import { serve } from "./http/serve.ts";

const javascript = "text/javascript; charset=utf-8";

const assets = {
  description: asset("application/json", () => JSON.stringify(document)),
  page: asset("text/html; charset=utf-8", () => page),
  init: asset(javascript, () => init),
  bundle: asset(javascript, () => swaggerUi("swagger-ui-bundle.js")),
  style: asset("text/css; charset=utf-8", () => swaggerUi("swagger-ui.css")),
};

const forMinutes = publiclyCached({ maximumAgeSeconds: 5 * 60 });
const forADay = publiclyCached({ maximumAgeSeconds: 24 * 60 * 60 });

/** The API's description, for programs and for people. */
export const docs = router()
  .get("/openapi.json", forMinutes, (c) => send(c, assets.description()))
  .get("/docs", forMinutes, (c) => {
    c.header("Content-Security-Policy", contentSecurityPolicy);
    return send(c, assets.page());
  })
  .get("/docs/init.js", forMinutes, (c) => send(c, assets.init()))
  .get("/docs/swagger-ui-bundle.js", forADay, (c) => send(c, assets.bundle()))
  .get("/docs/swagger-ui.css", forADay, (c) => send(c, assets.style()));

export const handler = serve(docs);
