//! What a client prefers, by its `Prefer` headers (RFC 7240). What is not known is left alone, as the standard demands.

use crate::resource::{Action, Record};

/// What is to be done with a record whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resolution {
    #[default]
    Refuse,
    /// The one that is there stays.
    Ignore,
    /// The new one replaces it.
    Merge,
}

impl Resolution {
    pub fn action(self, record: Record) -> Action {
        match self {
            Self::Refuse => Action::Insert(record),
            Self::Ignore => Action::Ensure(record),
            Self::Merge => Action::Put(record),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    /// The answer needs no body (`return=minimal`).
    pub is_minimal: bool,
    pub resolution: Resolution,
}

impl Preferences {
    pub fn read<'h>(values: impl Iterator<Item = &'h str>) -> Self {
        let mut preferences = Self::default();
        for word in values.flat_map(|value| value.split([',', ';'])) {
            match word.trim().to_ascii_lowercase().replace('"', "").as_str() {
                "return=minimal" => preferences.is_minimal = true,
                "return=representation" => preferences.is_minimal = false,
                "resolution=ignore-duplicates" => preferences.resolution = Resolution::Ignore,
                "resolution=merge-duplicates" => preferences.resolution = Resolution::Merge,
                _ => {}
            }
        }
        preferences
    }

    /// What `Preference-Applied` says, if anything was applied.
    pub fn applied(self) -> Option<&'static str> {
        match (self.is_minimal, self.resolution) {
            (false, Resolution::Refuse) => None,
            (true, Resolution::Refuse) => Some("return=minimal"),
            (false, Resolution::Ignore) => Some("resolution=ignore-duplicates"),
            (true, Resolution::Ignore) => Some("return=minimal, resolution=ignore-duplicates"),
            (false, Resolution::Merge) => Some("resolution=merge-duplicates"),
            (true, Resolution::Merge) => Some("return=minimal, resolution=merge-duplicates"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_knows_from_all_headers() {
        for (values, is_minimal, resolution) in [
            (vec![], false, Resolution::Refuse),
            (vec!["return=minimal"], true, Resolution::Refuse),
            (vec!["Return=\"minimal\" , wait=5"], true, Resolution::Refuse),
            (vec!["return=minimal", "resolution=ignore-duplicates"], true, Resolution::Ignore),
            (vec!["resolution=merge-duplicates; return=representation"], false, Resolution::Merge),
            (vec!["return=nothing", "é"], false, Resolution::Refuse),
        ] {
            let read = Preferences::read(values.iter().copied());
            assert_eq!(read, Preferences { is_minimal, resolution }, "{values:?}");
        }
    }
}
