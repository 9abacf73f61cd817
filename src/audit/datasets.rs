//! A directory of datasets, as a reader sees it: only data whose metadata says that it is whole.

use super::files::Files;
use super::target::{Block, Defect, Target};
use crate::clients::dataset::{Doubt, verify};
use crate::core::disk::Disk;
use crate::core::fault::Fault;
use crate::formats::pairs::{Pattern, pairs};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) struct Datasets {
    files: Files,
    defects: Vec<Defect>,
    is_exact: bool,
}

impl Datasets {
    /// The datasets that are there now; nothing when the directory holds none.
    pub(super) fn open(disk: &Arc<dyn Disk>, directory: &Path) -> Result<Option<Self>, Fault> {
        let all = disk.list(directory).map_err(|error| Fault::stop(error.to_string()))?;
        let endings = ["csv", "ndjson"];
        let mut found = Vec::new();
        for ending in endings {
            let data = Pattern::parse(&format!("data_*.{ending}")).map_err(Fault::stop)?;
            let metadata = Pattern::parse("metadata_*.json").map_err(Fault::stop)?;
            found.extend(pairs(&all, &data, &metadata));
        }
        let datas: Vec<&PathBuf> = all
            .iter()
            .filter(|path| number_of(path).is_some())
            .filter(|path| path.extension().is_some_and(|it| endings.iter().any(|end| it == *end)))
            .collect();
        if datas.is_empty() {
            return Ok(None);
        }
        found.sort_by_key(|pair| number_of(&pair.data));
        let (mut whole, mut defects) = (Vec::new(), Vec::new());
        for path in datas {
            let Some(pair) = found.iter().find(|pair| pair.data == *path) else {
                defects
                    .push(defect(path, "there is no metadata: it was never finished".to_owned()));
                continue;
            };
            match verify(disk.as_ref(), pair) {
                Ok(_) => whole.push(pair.data.clone()),
                Err(Doubt::Disagrees(what)) => defects.push(defect(path, what)),
                Err(Doubt::Fault(fault)) => return Err(Fault::stop(fault.reason())),
            }
        }
        whole.sort_by_key(|path| number_of(path));
        let is_csv = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "csv");
        let is_exact = !whole.iter().any(is_csv);
        Ok(Some(Self { files: Files::these(disk, whole), defects, is_exact }))
    }
}

fn defect(path: &Path, what: String) -> Defect {
    let place = path.display().to_string();
    Defect { place, what, dataset: number_of(path), on_purpose: false }
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.strip_prefix("data_")?.parse().ok()
}

impl Target for Datasets {
    fn next(&mut self) -> Result<Option<Block>, Fault> {
        self.files.next()
    }

    fn is_exact(&self) -> bool {
        self.is_exact
    }

    fn defects(&mut self) -> Vec<Defect> {
        let mut all = std::mem::take(&mut self.defects);
        all.extend(self.files.defects());
        all
    }
}
