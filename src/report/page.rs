//! The frame of every page: head, style, skip link, and safe links.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::charts::{Theme, clean, style_rules};

/// The style of pages beside that of charts; live pages use it too.
pub const PAGE_STYLE: &str = include_str!("style.css");
/// Nothing may be fetched and nothing may run, even if a text should ever escape its place.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// A link to another page of the same folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLink {
    pub text: String,
    /// File name, relative to the page and not yet percent-encoded.
    pub file: String,
}

impl PageLink {
    pub fn new(text: &str, file: &str) -> Self {
        Self { text: text.to_owned(), file: file.to_owned() }
    }
}

/// A whole page around its content.
pub(super) fn page(title: &str, navigation: &Markup, content: &Markup) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (clean(title)) }
                style { (PreEscaped(style_rules(Theme::Automatic))) (PreEscaped(PAGE_STYLE)) }
            }
            body.hw {
                a.skip href="#content" { "Skip to content" }
                (navigation)
                main #content tabindex="-1" { (content) }
            }
        }
    };
    markup.into_string()
}

/// A file name as a link that can only ever lead to a file beside the page.
pub(super) fn href(file: &str) -> String {
    let mut link = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            link.push(char::from(byte));
        } else {
            link.push('%');
            link.extend(format!("{byte:02X}").chars());
        }
    }
    // Two slashes at the start would name another host.
    format!("./{}", link.trim_start_matches('/'))
}
