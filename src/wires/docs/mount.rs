//! Which path gives which file.

use crate::server::Router;
use crate::web::Asset;
use serde_json::Value;
use std::sync::Arc;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Nothing from elsewhere and nothing inside the page's text: a script in the document of an API cannot run. Pictures
/// may be `data:`, which the style sheet has its arrows in; "Try it out" asks this very server.
const PAGE: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    ),
    ("referrer-policy", "no-referrer"),
];

/// Adds the page and the document it shows.
#[must_use]
pub fn mount(router: Router, document: &Value) -> Router {
    let page = Arc::new(Asset::plain(HTML, PAGE_HTML).with_headers(PAGE));
    let redirect = Asset::plain(HTML, REDIRECT_HTML).with_headers(PAGE);
    let files = [
        ("/docs/oauth2-redirect", redirect),
        ("/docs/oauth2-redirect.js", Asset::plain(SCRIPT, REDIRECT_JS)),
        ("/docs/swagger-ui-bundle.js", Asset::packed(SCRIPT, BUNDLE)),
        ("/docs/swagger-ui.css", Asset::packed(STYLE, UI_STYLE)),
        ("/docs/page.css", Asset::plain(STYLE, PAGE_STYLE)),
        ("/docs/start.js", Asset::plain(SCRIPT, START)),
        ("/docs/icon.svg", Asset::plain("image/svg+xml", ICON)),
        ("/openapi.json", Asset::plain("application/json", document.to_string())),
    ];
    let router = router.at("/docs", Asset::route(&page)).at("/redoc", Asset::route(&page));
    files
        .into_iter()
        .fold(router, |router, (path, file)| router.at(path, Asset::route(&Arc::new(file))))
}

const PAGE_HTML: &[u8] = include_bytes!("assets/page.html");
const PAGE_STYLE: &[u8] = include_bytes!("assets/page.css");
const START: &[u8] = include_bytes!("assets/start.js");
const ICON: &[u8] = include_bytes!("assets/icon.svg");
const BUNDLE: &[u8] = include_bytes!("assets/swagger-ui/swagger-ui-bundle.js.gz");
const UI_STYLE: &[u8] = include_bytes!("assets/swagger-ui/swagger-ui.css.gz");
const REDIRECT_HTML: &[u8] = include_bytes!("assets/swagger-ui/oauth2-redirect.html");
const REDIRECT_JS: &[u8] = include_bytes!("assets/swagger-ui/oauth2-redirect.js");
