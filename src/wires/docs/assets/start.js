"use strict";

// The theme that the reader chose on another page of this host, else that of the system.
const chosen = document.cookie.match(/(?:^|; )headwater_theme=(light|dark)/);
const system = matchMedia("(prefers-color-scheme: dark)");
const dress = () => {
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen[1] === "dark" : system.matches);
};
dress();
system.addEventListener("change", dress);

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
