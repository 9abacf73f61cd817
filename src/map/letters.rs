//! The dead letters of a flow on its page: why and where each was rejected, and the button that delivers it again.

use crate::charts::number::count;
use crate::map::home::time;
use crate::map::node::{Letter, Letters};
use maud::{Markup, html};

/// The form works without a script: it is sent, and the page that comes back says what became of it.
pub(super) fn section(id: &str, letters: &Letters) -> Markup {
    let can_replay = letters.shown.iter().any(|letter| letter.refusal.is_none());
    html! {
        @if letters.waiting > 0 {
            p role="status" { (count(letters.waiting as u64)) " requests wait for the flow to carry them out." }
        }
        @if let Some(answer) = letters.answers.first() {
            p role="status" { (time(&answer.time)) ": " (answer.text) }
        }
        @if letters.kept == 0 {
            p.note { "None: every record could be delivered." }
        } @else {
            p { (count(letters.kept)) " records could not be delivered; they are kept with the reason." }
            form method="post" action={ "../replay/" (id) } {
                @if can_replay {
                    p { button name="letter" value="all" { "Replay all" } }
                }
                div.scroll tabindex="0" role="region" aria-label="Dead letters" { (table(&letters.shown)) }
            }
        }
    }
}

fn table(shown: &[Letter]) -> Markup {
    html! {
        table {
            caption.unseen { "Dead letters" }
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
                @for letter in shown {
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
