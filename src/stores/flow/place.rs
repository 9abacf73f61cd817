//! How far a flow has come with the changes of a resource.

use crate::resource::{ChangePosition, Cursor};
use serde::{Deserialize, Serialize};

/// Kept beside the count of records in the flow's checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// The changes behind this one come next, after the whole, if that is being read.
    pub at: ChangePosition,
    pub whole: Whole,
}

/// Whether all records are being read, and behind which of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Whole {
    IsRead,
    From(Option<Cursor>),
}

/// As it stands in the note of a position.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    at: String,
    #[serde(default)]
    is_whole_read: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    behind: Option<String>,
    /// Whose changes these are: a place in another store means nothing.
    pub store: String,
}

impl Note {
    /// `text_of` writes a cursor.
    pub fn of(place: &Place, store: String, text_of: impl Fn(&Cursor) -> String) -> Self {
        let (is_whole_read, behind) = match &place.whole {
            Whole::IsRead => (true, None),
            Whole::From(cursor) => (false, cursor.as_ref().map(text_of)),
        };
        Self { at: place.at.to_string(), is_whole_read, behind, store }
    }

    pub fn place(&self, cursor_of: impl Fn(&str) -> Option<Cursor>) -> Option<Place> {
        let whole = match (&self.behind, self.is_whole_read) {
            (_, true) => Whole::IsRead,
            (None, false) => Whole::From(None),
            (Some(text), false) => Whole::From(Some(cursor_of(text)?)),
        };
        Some(Place { at: self.at.parse().ok()?, whole })
    }
}
