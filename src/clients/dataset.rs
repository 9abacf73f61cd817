//! A dataset on the disk: is the data file what its metadata file says?

use crate::core::disk::{Access, Disk, DiskFile, read_range};
use crate::core::fault::Fault;
use crate::core::lease::Content;
use crate::core::source::Dataset;
use crate::core::text::hexadecimal;
use crate::formats::pairs::Pair;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::Path;

/// A metadata file is a few lines; a larger one is something else.
const METADATA_BYTES: u64 = 1024 * 1024;

/// Why a dataset cannot be read now.
#[derive(Debug)]
pub enum Doubt {
    /// The disk says no.
    Fault(Fault),
    /// The two files disagree: one is still being written, or is damaged.
    Disagrees(String),
}

impl<E: Into<Fault>> From<E> for Doubt {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// Compares the data file with what its metadata says.
pub fn verify(disk: &dyn Disk, pair: &Pair) -> Result<Dataset, Doubt> {
    let metadata = read_metadata(disk, &pair.metadata)?;
    let file = disk.open(&pair.data, Access::Read)?;
    let bytes = file.bytes()?;
    let declared = metadata.get("bytes").and_then(Value::as_u64);
    if let Some(declared) = declared.filter(|declared| *declared != bytes) {
        let reason = format!("the metadata says {declared} bytes, the file has {bytes}");
        return Err(Doubt::Disagrees(reason));
    }
    let sha256 = checksum(file.as_ref())?;
    let declared = metadata.get("sha256").and_then(Value::as_str);
    if let Some(declared) = declared.filter(|declared| !declared.eq_ignore_ascii_case(&sha256)) {
        return Err(Doubt::Disagrees(format!(
            "the metadata says sha256 {declared}, the file has {sha256}: one of the two was damaged"
        )));
    }
    Ok(Dataset {
        name: pair.name.clone(),
        path: pair.data.clone(),
        bytes,
        sha256: Some(sha256),
        metadata: Some(metadata),
    })
}

/// What the metadata says about the data file, when it says both; nothing is verified.
pub fn declared(disk: &dyn Disk, pair: &Pair) -> Option<Content> {
    let metadata = read_metadata(disk, &pair.metadata).ok()?;
    let sha256 = metadata.get("sha256")?.as_str()?.to_ascii_lowercase();
    Some(Content { bytes: metadata.get("bytes")?.as_u64()?, sha256: Some(sha256) })
}

fn read_metadata(disk: &dyn Disk, path: &Path) -> Result<Value, Doubt> {
    let file = disk.open(path, Access::Read)?;
    let bytes = file.bytes()?;
    if bytes > METADATA_BYTES {
        return Err(Doubt::Disagrees("the metadata file is larger than 1 MiB".to_owned()));
    }
    let text = read_range(file.as_ref(), 0, bytes as usize)?;
    serde_json::from_slice(&text)
        .map_err(|error| Doubt::Disagrees(format!("the metadata file is not JSON: {error}")))
}

fn checksum(file: &dyn DiskFile) -> Result<String, Fault> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    loop {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            return Ok(hexadecimal(&hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
        at += read as u64;
    }
}
