//! The style of every live page and the one line of script that runs before it is painted, with their digests.

use crate::charts::page_rules;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// A theme that the reader has chosen is known before anything is seen.
pub(super) const FIRST_SCRIPT: &str = "\
    try{const t=localStorage.getItem('theme');\
    if(t)document.documentElement.dataset.theme=t}catch{}";

static STYLE: LazyLock<String> = LazyLock::new(|| {
    let rules = format!("{}{}", page_rules(), include_str!("style.css"));
    squeeze(&rules)
});

/// All rules, as they stand in every page.
pub fn style() -> &'static str {
    &STYLE
}

pub(super) fn style_digest() -> String {
    digest(&STYLE)
}

pub(super) fn script_digest() -> String {
    digest(FIRST_SCRIPT)
}

fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// Without comments and line ends, which nobody reads in a page.
fn squeeze(rules: &str) -> String {
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
