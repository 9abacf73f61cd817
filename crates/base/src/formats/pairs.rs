//! Which data file belongs to which metadata file, by their names.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `data_*.csv`: a name with one part that varies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    before: String,
    after: String,
}

impl Pattern {
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('*') {
            Some((before, after)) if !after.contains('*') && !text.contains('/') => {
                Ok(Self { before: before.to_owned(), after: after.to_owned() })
            }
            _ => Err(format!("`{text}` needs exactly one `*`, and no `/`")),
        }
    }

    /// What stands for the `*`.
    fn varying<'a>(&self, path: &'a Path) -> Option<&'a str> {
        let name = path.file_name()?.to_str()?;
        let rest = name.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?;
        (!rest.is_empty()).then_some(rest)
    }
}

/// A complete dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The data file's name without its ending.
    pub name: String,
    pub data: PathBuf,
    pub metadata: PathBuf,
}

/// The pairs among `files`, in the order in which people count: 2 before 10.
pub fn pairs(files: &[PathBuf], data: &Pattern, metadata: &Pattern) -> Vec<Pair> {
    let known: BTreeMap<&str, &PathBuf> =
        files.iter().filter_map(|path| Some((metadata.varying(path)?, path))).collect();
    let mut found: Vec<(&str, Pair)> = files
        .iter()
        .filter_map(|path| {
            let varying = data.varying(path)?;
            let metadata = (*known.get(varying)?).clone();
            let name = path.file_stem()?.to_str()?.to_owned();
            Some((varying, Pair { name, data: path.clone(), metadata }))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| as_people_count(a, b));
    found.into_iter().map(|(_, pair)| pair).collect()
}

fn as_people_count(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_pairs_in_counting_order() {
        let files =
            ["data_10.csv", "data_2.csv", "data_3.csv", "metadata_10.json", "metadata_2.json"];
        let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
        let data = Pattern::parse("data_*.csv").unwrap();
        let metadata = Pattern::parse("metadata_*.json").unwrap();
        let names: Vec<String> =
            pairs(&files, &data, &metadata).into_iter().map(|pair| pair.name).collect();
        assert_eq!(names, ["data_2", "data_10"]);
    }
}
