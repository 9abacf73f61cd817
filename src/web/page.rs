//! The shell of every live page: head, skip link, header with navigation, banner, content, footer, help.

use super::hub::Version;
use super::look;
use crate::charts::clean;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The content type of pages.
pub const HTML: &str = "text/html; charset=utf-8";

/// A page before it is written.
#[derive(Debug)]
pub struct Page<'a> {
    pub title: &'a str,
    /// What stands small above the title: the stack's name, mostly.
    pub over: &'a str,
    /// From this page to where `/live` is: empty, or `../` as often as it takes.
    pub root: &'a str,
    pub links: &'a [Link],
    /// Rules of its own, which its policy knows; mostly none. In a file they would be a round trip later.
    pub rules: &'a str,
    /// The topics whose parts it shows.
    pub topics: &'a [&'a str],
    /// How far the content is, as `Hub::snapshot` said.
    pub version: Version,
    /// What `theme` said of the request.
    pub theme: Option<&'static str>,
    pub content: Markup,
    pub footer: Markup,
}

/// A way to another page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub text: String,
    pub href: String,
    /// Is it the page that shows it?
    pub is_here: bool,
    /// The keys that lead there, such as `g m`.
    pub keys: Option<&'static str>,
}

impl Page<'_> {
    pub fn html(&self) -> String {
        self.write("hw")
    }

    /// With nothing but the content to be seen: for a frame in another page.
    pub fn bare(&self) -> String {
        self.write("hw embed")
    }

    fn write(&self, class: &str) -> String {
        let markup = html! {
            (DOCTYPE)
            html lang="en" data-theme=[self.theme] {
                head { (self.head()) }
                body class=(class)
                    data-topics=(self.topics.join(" ")) data-since=(self.version) {
                    a.skip href="#content" { "Skip to content" }
                    header.top {
                        div.name {
                            @if !self.over.is_empty() { p.over { (clean(self.over)) } }
                            h1 { (clean(self.title)) }
                        }
                        @if !self.links.is_empty() { (navigation(self.links)) }
                        div.tools hidden {
                            button #pause type="button" aria-pressed="false" { "Pause" }
                            button #theme type="button" { "Theme: system" }
                            button #keys type="button" aria-haspopup="dialog" { "Keys" }
                        }
                    }
                    p.banner #lost role="status" hidden {}
                    main #content tabindex="-1" { (self.content) }
                    footer.end {
                        noscript { p.note { "Reload this page to see what is new." } }
                        (self.footer)
                    }
                    (help(self.links))
                }
            }
        };
        markup.into_string()
    }

    fn head(&self) -> Markup {
        html! {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (clean(self.title)) }
            link rel="icon" href="data:,";
            style { (PreEscaped(look::style())) }
            @if !self.rules.is_empty() { style { (PreEscaped(self.rules)) } }
            script type="module" src={ (self.root) "live.js" } {}
        }
    }
}

fn navigation(links: &[Link]) -> Markup {
    html! {
        nav aria-label="Pages" {
            @for link in links {
                a href=(link.href) aria-current=[link.is_here.then_some("page")]
                    data-keys=[link.keys] { (clean(&link.text)) }
            }
        }
    }
}

const KEYS: [(&str, &str); 7] = [
    ("?", "this help"),
    ("/", "go to the search, where there is one"),
    ("p", "pause and go on"),
    ("t", "open or close all tables"),
    ("← →", "in a chart: read its values, one after another"),
    ("d", "light, dark, or as the system"),
    ("Esc", "close this help"),
];

fn help(links: &[Link]) -> Markup {
    html! {
        dialog #help aria-labelledby="help-title" {
            h2 #help-title { "Keys" }
            dl.keys {
                @for link in links {
                    @if let Some(keys) = link.keys { (key(keys, &link.text)) }
                }
                @for (keys, words) in KEYS { (key(keys, words)) }
            }
            p { label { input #shortcuts type="checkbox" checked; " Keys without Ctrl do something" } }
            form method="dialog" { button { "Close" } }
        }
    }
}

fn key(keys: &str, words: &str) -> Markup {
    html! { div { dt { kbd { (keys) } } dd { (clean(words)) } } }
}

/// `12:00:01 UTC`, which the script turns into the reader's own time.
pub fn clock(rfc3339: &str) -> Markup {
    let clock = rfc3339.get(11..19).unwrap_or(rfc3339);
    html! { time datetime=(rfc3339) { (clock) " UTC" } }
}
