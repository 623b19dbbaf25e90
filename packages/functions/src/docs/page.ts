/** The page that shows the API's description. Its paths are relative, so that it works wherever the API is. */
export const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Cartwright API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="docs/swagger-ui.css" />
    <script src="docs/swagger-ui-bundle.js" defer></script>
    <script src="docs/init.js" defer></script>
  </head>
  <body>
    <div id="ui"></div>
    <noscript>The description itself is at <a href="openapi.json">openapi.json</a>.</noscript>
  </body>
</html>
`;

/** Without the validator's badge, which would tell a stranger's server of us, and without remembering tokens. */
export const init = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#ui",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
});
`;

/** Everything from here alone; the pictures of its style sheet are in it. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
