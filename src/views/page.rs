//! The view's page: readable as it comes, and kept up to date by one small script.

use crate::charts::number::count;
use crate::charts::{Theme, clean, style_rules};
use crate::core::panel::Drawn;
use crate::report::PAGE_STYLE;
use crate::views::reader::{Following, Standing};
use crate::views::table::RECORDS;
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("view.css");
pub(super) const SCRIPT: &str = include_str!("live.js");

/// Only what this server gives; nothing inline, so that a text that escapes its place can do nothing.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// What the page says about its data.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub title: String,
    /// What the records are, in the plural.
    pub records: String,
    /// Where they come from, without its query.
    pub url: String,
}

/// How the data are at one moment.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    /// `None` before the list was read.
    pub records: Option<usize>,
    pub is_cut: bool,
    pub standing: Option<&'a Standing>,
    /// RFC 3339.
    pub as_of: Option<&'a str>,
}

pub(super) fn style() -> String {
    format!("{}{PAGE_STYLE}{STYLE}", style_rules(Theme::Automatic))
}

/// What changes while the page is open. `data-live` marks what the script replaces one by one.
pub(super) fn content(words: &Words, moment: &Moment, drawn: &[Drawn]) -> String {
    let markup = html! {
        p.lead #found data-live { (found(words, moment)) }
        div #notice role="status" data-live { (notice(words, moment)) }
        @for (index, drawn) in drawn.iter().enumerate() {
            section.panel id={ "panel-" (index + 1) } { (PreEscaped(&drawn.markup)) }
        }
        p.note #fresh data-live { (fresh(moment)) }
    };
    markup.into_string()
}

fn found(words: &Words, moment: &Moment) -> String {
    match (moment.records, moment.standing) {
        (Some(0), _) => format!("No {} found", words.records),
        (Some(records), _) => format!("Found {} {}", count(records as u64), words.records),
        (None, Some(Standing::Trouble(_))) => String::new(),
        (None, _) => format!("Reading the {}…", words.records),
    }
}

fn notice(words: &Words, moment: &Moment) -> Markup {
    html! {
        @if let Some(Standing::Trouble(trouble)) = moment.standing {
            div.trouble {
                p { (trouble) }
                @if let Some(as_of) = moment.as_of { p.note { "Data as of " (time(as_of)) "." } }
            }
        }
        @if moment.is_cut {
            p.trouble {
                "Only the first " (count(RECORDS as u64)) " " (words.records) " are shown."
            }
        }
    }
}

fn fresh(moment: &Moment) -> Markup {
    html! {
        @if let (Some(Standing::Good(following)), Some(as_of)) = (moment.standing, moment.as_of) {
            @match following {
                Following::Events => { "Live: a change shows at once. The last one was at " }
                Following::Asking => { "Live: the API is asked every 2 s. The last answer was at " }
            }
            (time(as_of)) "."
        }
    }
}

/// `12:00:01 UTC`, which the script turns into the reader's own time.
fn time(rfc3339: &str) -> Markup {
    let clock = rfc3339.get(11..19).unwrap_or(rfc3339);
    html! { time datetime=(rfc3339) { (clock) " UTC" } }
}

/// The whole page around its content.
pub(super) fn page(words: &Words, content: &str) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (clean(&words.title)) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="view.css";
                script type="module" src="live.js" {}
            }
            body.hw {
                a.skip href="#content" { "Skip to content" }
                header {
                    h1 { (clean(&words.title)) }
                }
                p.trouble #lost role="status" hidden {}
                main #content tabindex="-1" { (PreEscaped(content)) }
                footer {
                    noscript { p.note { "Reload this page to see what is new." } }
                    p.note {
                        "From " (words.url) " · " a href="data.json" { "as JSON" }
                    }
                }
            }
        }
    };
    markup.into_string()
}
