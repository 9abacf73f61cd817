//! The words and the frame of a view's page.

use crate::charts::number::count;
use crate::core::time::rfc3339;
use crate::views::markup;
use crate::views::message::{Following, Standing};
use crate::views::panels::Names;
use crate::views::table::RECORDS;
use crate::views::tapped;
use crate::web::{Hub, Page, Parts, Version, clock};
use maud::{Markup, PreEscaped, html};

/// The topic of a view's words and figures; the pictures have one for each width below it.
pub(super) const TOPIC: &str = "view";
/// The topic of the tables behind charts.
pub(super) const TABLES: &str = "view/tables";

/// Every part, and how far all of them are at least.
pub(super) fn snapshot(hub: &Hub) -> (Version, Parts) {
    let (version, mut parts) = hub.snapshot(TOPIC);
    for (room, ..) in markup::ROOMS {
        parts.extend(hub.snapshot(&format!("{TOPIC}/{room}")).1);
    }
    parts.extend(hub.snapshot(TABLES).1);
    (version, parts)
}

/// What the page says about its data.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub title: String,
    pub stack: String,
    /// What the records are, in the plural.
    pub records: String,
    /// Where they come from, for people.
    pub from: String,
}

/// How the data are at one moment.
#[derive(Debug)]
pub(super) struct Moment<'a> {
    /// `None` before the list was read.
    pub records: Option<usize>,
    pub is_cut: bool,
    /// Records of a flow that were not shown.
    pub missed: u64,
    /// What is said instead of how many records there are.
    pub lead: Option<&'a str>,
    pub standing: Option<&'a Standing>,
    /// Milliseconds since 1970.
    pub as_of: Option<i64>,
}

/// The parts beside those of the panels.
pub(super) fn parts(words: &Words, moment: &Moment) -> Parts {
    [
        ("found", html! { (found(words, moment)) }),
        ("notice", notice(words, moment)),
        ("fresh", fresh(moment)),
    ]
    .map(|(id, markup)| (id.to_owned(), markup.into_string()))
    .to_vec()
}

fn found(words: &Words, moment: &Moment) -> String {
    if let Some(lead) = moment.lead {
        return lead.to_owned();
    }
    match (moment.records, moment.standing) {
        (Some(0), Some(Standing::Good(Following::Cache))) => "Looking at the cache…".to_owned(),
        (Some(0), Some(Standing::Good(Following::Flow))) => {
            format!("No {} delivered yet", words.records)
        }
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
                p.note {
                    @if let Some(as_of) = moment.as_of { "Data as of " (clock(&rfc3339(as_of))) ". " }
                    "Trying again…"
                }
            }
        }
        @if waits_for_the_first(moment) {
            p.note { "This page fills by itself as soon as there are some." }
        }
        @if moment.is_cut {
            p.trouble {
                "Only the first " (count(RECORDS as u64)) " " (words.records) " are shown."
            }
        }
        @if moment.missed > 0 {
            p.note {
                (count(moment.missed)) " more came too fast to be shown; the flow delivered them all."
            }
        }
    }
}

/// All is well, and there is nothing yet.
fn waits_for_the_first(moment: &Moment) -> bool {
    let is_well = matches!(moment.standing, Some(Standing::Good(_)));
    is_well && moment.records == Some(0) && moment.lead.is_none()
}

fn fresh(moment: &Moment) -> Markup {
    html! {
        @if let (Some(Standing::Good(following)), Some(as_of)) = (moment.standing, moment.as_of) {
            @match following {
                Following::Events => { "Live: a change shows at once. The last one was at " }
                Following::Asking => { "Live: the API is asked every 2 s. The last answer was at " }
                Following::Flow => {
                    "Live: the latest " (count(tapped::RECORDS as u64))
                    " records that the flow delivered since this view began. The last one was at "
                }
                Following::Cache => { "Live: the cache is looked at every second. The last look was at " }
                Following::Files => { "Live: the results are looked at every second. The last change was at " }
            }
            (clock(&rfc3339(as_of))) "."
        }
    }
}

/// The whole page with what is known now.
pub(super) fn page(
    words: &Words,
    names: &[Names],
    (version, parts): (Version, Parts),
    theme: Option<&'static str>,
) -> String {
    let part = |id: &str| {
        let markup = parts.iter().find(|(known, _)| known == id).map(|(_, markup)| markup);
        PreEscaped(markup.cloned().unwrap_or_default())
    };
    let content = html! {
        p.lead #found { (part("found")) }
        div #notice role="status" { (part("notice")) }
        div class={ "panels" @if names.len() > 3 { " many" } } {
            @for names in names { (markup::shell(names, &parts)) }
        }
    };
    let footer = html! {
        p.note #fresh { (part("fresh")) }
        p.note { "From " (words.from) " · " a href="data.json" { "all as JSON" } }
    };
    write(words, (version, theme), (content, footer), false)
}

/// One panel alone, for a frame in another page.
pub(super) fn embedded(
    words: &Words,
    names: &Names,
    (version, parts): (Version, Parts),
    theme: Option<&'static str>,
) -> String {
    let content = html! { div.panels { (markup::shell(names, &parts)) } };
    write(words, (version, theme), (content, html! {}), true)
}

fn write(
    words: &Words,
    (version, theme): (Version, Option<&'static str>),
    (content, footer): (Markup, Markup),
    is_bare: bool,
) -> String {
    let page = Page {
        title: &words.title,
        over: &words.stack,
        root: if is_bare { "../" } else { "" },
        links: &[],
        rules: "",
        topics: &[TOPIC],
        version,
        theme,
        content,
        footer,
    };
    if is_bare { page.bare() } else { page.html() }
}
