//! The dead letters of a flow on its page: why and where each was rejected, and the button that delivers it again.

use crate::charts::number::{count, counted};
use crate::map::home::time;
use crate::map::node::Letters;
use maud::{Markup, html};

/// Each replica has its own; those that have none are left out.
pub(super) fn section(flows: &[Letters]) -> Markup {
    let has_any = |it: &&Letters| it.kept > 0 || it.waiting > 0 || !it.answers.is_empty();
    html! {
        @if flows.iter().all(|flow| flow.kept == 0) {
            p.note { "None: every record could be delivered." }
        }
        @for flow in flows.iter().filter(has_any) {
            @if flows.len() > 1 {
                h3 { (flow.flow) }
            }
            (of_one(flow))
        }
    }
}

/// The form works without a script: it is sent, and the page that comes back says what became of it.
fn of_one(letters: &Letters) -> Markup {
    let can_replay = letters.shown.iter().any(|letter| letter.refusal.is_none());
    html! {
        @if letters.waiting > 0 {
            p role="status" {
                @if letters.waiting == 1 { "1 request waits for the flow to carry it out." }
                @else { (count(letters.waiting as u64)) " requests wait for the flow to carry them out." }
            }
        }
        @if let Some(answer) = letters.answers.first() {
            p role="status" { (time(&answer.time)) ": " (answer.text) }
        }
        @if letters.kept > 0 {
            p {
                (counted(letters.kept, "records")) " could not be delivered; "
                (if letters.kept == 1 { "it is" } else { "they are" }) " kept with the reason."
            }
            form method="post" action={ "../replay/" (letters.flow) } {
                @if can_replay {
                    p { button name="letter" value="all" { "Replay all" } }
                }
                div.scroll tabindex="0" role="region" aria-label={ "Dead letters of " (letters.flow) } {
                    (table(letters))
                }
            }
        }
    }
}

fn table(letters: &Letters) -> Markup {
    html! {
        table.letters {
            caption.unseen { "Dead letters of " (letters.flow) }
            thead {
                tr {
                    th scope="col" { "Number" }
                    th scope="col" { "When" }
                    th scope="col" { "Where" }
                    th scope="col" { "Why" }
                    th scope="col" { "Record" }
                    th scope="col" { "Replay" }
                }
            }
            tbody {
                @for letter in &letters.shown {
                    tr {
                        th scope="row" { (letter.number) }
                        td { (time(&letter.time)) }
                        td { (letter.place) }
                        td {
                            (letter.reason)
                            @if letter.tries > 0 {
                                " " span.quiet { "(replayed before: " (letter.tries) ")" }
                            }
                        }
                        td { code { (letter.text) } }
                        td {
                            @match letter.refusal {
                                None => {
                                    button name="letter" value=(letter.number)
                                        aria-label={ "Replay letter " (letter.number) } { "Replay" }
                                }
                                Some(refusal) => span.quiet { "Not possible: " (refusal) }
                            }
                        }
                    }
                }
            }
        }
    }
}
