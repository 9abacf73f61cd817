//! The style of every live page with its digest, and the theme that its reader has chosen.

use crate::charts::page_rules;
use crate::server::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// The cookie that the script keeps a choice in. A script that looked for it before the first paint would hold that up.
const THEME: &str = "headwater_theme=";

static STYLE: LazyLock<String> = LazyLock::new(|| {
    let rules = format!("{}{}", page_rules(), include_str!("style.css"));
    squeeze(&rules)
});

/// All rules, as they stand in every page.
pub fn style() -> &'static str {
    &STYLE
}

/// What the reader has chosen on a page of this host, if it is not what the system prefers.
pub fn theme(request: &Request) -> Option<&'static str> {
    let mut cookies = request.header("cookie")?.split(';');
    let chosen = cookies.find_map(|cookie| cookie.trim().strip_prefix(THEME))?;
    ["light", "dark"].into_iter().find(|theme| *theme == chosen)
}

pub(super) fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// Without comments and line ends, which nobody reads in a page.
pub fn squeeze(rules: &str) -> String {
    let mut out = String::with_capacity(rules.len());
    let mut rest = rules;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let lines = out.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ").replace("{ ", "{").replace("; }", "}").replace(" {", "{")
}
