//! What an audit answers, for machines and for people.

use super::tally::Wrong;
use super::target::Defect;
use crate::core::text::append;
use serde::Serialize;
use std::ops::Range;

/// Counts, examples and remarks.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    pub stack: String,
    pub flow: String,
    pub targets: Vec<String>,
    /// What records are told apart by.
    pub by: String,
    /// Records that the generator made up to the checkpoint.
    pub made: u64,
    /// Records that the flow makes of them: what steps leave, and faults on purpose.
    pub expected: u64,
    /// Records in the targets.
    pub found: u64,
    pub arrived: u64,
    pub missing: u64,
    pub twice: u64,
    pub out_of_order: u64,
    pub damaged: u64,
    /// Records that this generator never made.
    pub foreign: u64,
    /// Records beyond the checkpoint.
    pub in_flight: u64,
    /// Records that the target refused, and that are kept with the reason.
    pub dead_letters: u64,
    /// Records that are no longer kept.
    pub no_longer_kept: u64,
    pub on_purpose: Option<OnPurpose>,
    pub missing_indexes: Vec<Range<u64>>,
    pub examples: Vec<Example>,
    pub defects: Vec<Defect>,
    pub remarks: Vec<String>,
    pub is_clean: bool,
}

/// Faults that were put in, by what the seed says, and whether the ledger says the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OnPurpose {
    pub late: u64,
    pub repeat: u64,
    pub drop: u64,
    pub corrupt: u64,
    pub half_written: u64,
    /// Entries of the ledger that are not so; nothing when there is no ledger to compare with.
    pub ledger_differs: Option<u64>,
}

/// One record with something wrong.
#[derive(Debug, Clone, Serialize)]
pub struct Example {
    pub wrong: Wrong,
    pub index: Option<u64>,
    pub place: Option<String>,
    pub expected: Option<String>,
    pub found: Option<String>,
}

impl Answer {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!("audit of {} (stack {})", self.flow, self.stack);
        append(&mut text, format_args!(" in {}\n", self.targets.join(", ")));
        append(&mut text, format_args!("records are told apart by {}\n\n", self.by));
        let widest = grouped(self.made.max(self.expected).max(self.found)).len();
        for (name, count, more, is_shown) in self.rows() {
            if is_shown {
                append(&mut text, format_args!("  {name:<15}{:>widest$}{more}\n", grouped(count)));
            }
        }
        if let Some(on_purpose) = &self.on_purpose {
            append(&mut text, format_args!("\non purpose: {}\n", on_purpose.text()));
        }
        for example in &self.examples {
            append(&mut text, format_args!("\n{}", example.text()));
        }
        for defect in &self.defects {
            let why = if defect.on_purpose { " (on purpose)" } else { "" };
            append(&mut text, format_args!("\n{}: {}{why}\n", defect.place, defect.what));
        }
        for remark in &self.remarks {
            append(&mut text, format_args!("\n{remark}\n"));
        }
        text.push_str(if self.is_clean { "\nclean\n" } else { "\nnot clean\n" });
        text
    }

    fn rows(&self) -> Vec<(&'static str, u64, &'static str, bool)> {
        vec![
            ("made", self.made, "", true),
            (
                "expected",
                self.expected,
                "  after faults on purpose and steps",
                self.expected != self.made,
            ),
            ("found", self.found, "", true),
            ("arrived", self.arrived, "", true),
            ("missing", self.missing, "", true),
            ("twice", self.twice, "", true),
            ("out of order", self.out_of_order, "", true),
            ("damaged", self.damaged, "", true),
            ("foreign", self.foreign, "  never made by this flow", self.foreign > 0),
            ("in flight", self.in_flight, "  beyond the checkpoint", self.in_flight > 0),
            ("dead letters", self.dead_letters, "", self.dead_letters > 0),
            ("no longer kept", self.no_longer_kept, "", self.no_longer_kept > 0),
        ]
    }
}

impl OnPurpose {
    fn text(&self) -> String {
        let counts = [
            ("late", self.late),
            ("repeat", self.repeat),
            ("drop", self.drop),
            ("corrupt", self.corrupt),
            ("half-written", self.half_written),
        ];
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> =
            counts.map(|(name, count)| format!("{name} {}", grouped(*count))).collect();
        let counts = if counts.is_empty() { "nothing yet".to_owned() } else { counts.join(", ") };
        let ledger = match self.ledger_differs {
            None if self.late + self.repeat + self.drop + self.corrupt == 0 => return counts,
            None => "there is no ledger".to_owned(),
            Some(0) => "the ledger says the same".to_owned(),
            Some(differ) => format!("the ledger differs in {} entries", grouped(differ)),
        };
        format!("{counts}; {ledger}")
    }
}

impl Example {
    fn text(&self) -> String {
        let wrong = match self.wrong {
            Wrong::Missing => "missing",
            Wrong::Twice => "twice",
            Wrong::OutOfOrder => "out of order",
            Wrong::Damaged => "damaged",
            Wrong::Foreign => "foreign",
        };
        let mut text = wrong.to_owned();
        if let Some(index) = self.index {
            append(&mut text, format_args!(": index {index}"));
        }
        if let Some(place) = &self.place {
            append(&mut text, format_args!(", at {place}"));
        }
        text.push('\n');
        if let Some(expected) = &self.expected {
            append(&mut text, format_args!("  expected {expected}\n"));
        }
        if let Some(found) = &self.found {
            append(&mut text, format_args!("  found    {found}\n"));
        }
        text
    }
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
