"use strict";

// Addresses are relative, so that the page also works below a prefix of a proxy.
const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  displayRequestDuration: true,
  showExtensions: true,
  showCommonExtensions: true,
  // The default asks a server on the Internet.
  validatorUrl: null,
  oauth2RedirectUrl: new URL("docs/oauth2-redirect", document.baseURI).href,
  onComplete: () => {
    document.title = ui.specSelectors.info().get("title") || "API";
  },
});
