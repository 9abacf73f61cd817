//! The last day of a node, a row for every ten seconds, in a file of a fixed size: slots that are written in turn.
//! Format 1; docs/decisions/0019 has it.

use crate::charts::file_safe;
use crate::core::disk::{Access, Disk, DiskError, DiskFile, read_range};
use crate::core::finding::Finding;
use crate::map::sample::{Row, SERIES, UNKNOWN};
use std::path::{Path, PathBuf};

/// Seconds between two rows.
pub const STEP: i64 = 10;
/// Rows of a day.
pub const ROWS: i64 = 8640;
const VERSION: u32 = 1;
const MAGIC: &[u8; 8] = b"hw-map\0\n";
const HEADER: usize = 64;
/// Tick, values, CRC-32C.
const ROW: usize = 4 + SERIES * 4 + 4;

/// A row with when it was: tens of seconds since 1970.
pub type Ticked = (u32, Row);

/// Where a node's file is.
pub fn path_of(directory: &Path, id: &str) -> PathBuf {
    directory.join(format!("{}.history", file_safe(&id.replace(':', "-of-"))))
}

/// Adds rows. A file that is damaged, or of another version, begins anew: it is a picture, not data.
pub fn write(
    disk: &dyn Disk,
    directory: &Path,
    id: &str,
    rows: &[Ticked],
) -> Result<Option<Finding>, DiskError> {
    disk.create_dir_all(directory)?;
    let path = path_of(directory, id);
    let mut file = disk.open(&path, Access::ReadWrite)?;
    let finding = prepare(file.as_mut(), &path)?;
    for (tick, row) in rows {
        file.write_at(&encode(*tick, row), place(*tick))?;
    }
    Ok(finding)
}

/// The rows from one tick to another, both included, the oldest first. What was written in an earlier day, by a clock
/// that was ahead, or only in part, is left out.
pub fn read(
    disk: &dyn Disk,
    directory: &Path,
    id: &str,
    (from, to): (u32, u32),
) -> Result<Vec<Ticked>, DiskError> {
    let file = match disk.open(&path_of(directory, id), Access::Read) {
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        other => other?,
    };
    let bytes = read_range(file.as_ref(), 0, HEADER + ROWS as usize * ROW)?;
    let Some((header, rows)) = bytes.split_at_checked(HEADER) else { return Ok(Vec::new()) };
    if header != self::header() {
        return Ok(Vec::new());
    }
    let mut found: Vec<Ticked> = rows
        .chunks_exact(ROW)
        .filter_map(decode)
        .filter(|(tick, _)| (from..=to).contains(tick))
        .collect();
    found.sort_by_key(|(tick, _)| *tick);
    Ok(found)
}

fn prepare(file: &mut dyn DiskFile, path: &Path) -> Result<Option<Finding>, DiskError> {
    let known = read_range(file, 0, HEADER)?;
    if known == header() {
        return Ok(None);
    }
    file.truncate(0)?;
    file.write_at(&header(), 0)?;
    if known.is_empty() {
        return Ok(None);
    }
    let what = "is no history of the map that this headwater knows".to_owned();
    Ok(Some(Finding::notice(path, what).done("the history of this node begins anew")))
}

fn header() -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let fields = [VERSION, STEP as u32, ROWS as u32, SERIES as u32];
    header[..8].copy_from_slice(MAGIC);
    for (at, field) in fields.iter().enumerate() {
        header[8 + at * 4..12 + at * 4].copy_from_slice(&field.to_le_bytes());
    }
    let checksum = crc32c::crc32c(&header[..HEADER - 4]);
    header[HEADER - 4..].copy_from_slice(&checksum.to_le_bytes());
    header
}

fn place(tick: u32) -> u64 {
    HEADER as u64 + u64::from(tick) % ROWS as u64 * ROW as u64
}

fn encode(tick: u32, row: &Row) -> [u8; ROW] {
    let mut bytes = [0; ROW];
    bytes[..4].copy_from_slice(&tick.to_le_bytes());
    for (at, value) in row.iter().enumerate() {
        bytes[4 + at * 4..8 + at * 4].copy_from_slice(&value.to_le_bytes());
    }
    let checksum = crc32c::crc32c(&bytes[..ROW - 4]);
    bytes[ROW - 4..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

fn decode(bytes: &[u8]) -> Option<Ticked> {
    let (body, checksum) = bytes.split_last_chunk::<4>()?;
    let (tick, values) = body.split_first_chunk::<4>()?;
    let is_whole = u32::from_le_bytes(*checksum) == crc32c::crc32c(body);
    let tick = u32::from_le_bytes(*tick);
    if !is_whole || tick == 0 {
        return None;
    }
    let mut row = UNKNOWN;
    for (value, bytes) in row.iter_mut().zip(values.chunks_exact(4)) {
        *value = f32::from_le_bytes(bytes.try_into().ok()?);
    }
    Some((tick, row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::disk::SimulatedDisk;

    const DIRECTORY: &str = "data/stack/map.history";

    fn row(value: f32) -> Row {
        [value; SERIES]
    }

    fn write_all(disk: &SimulatedDisk, ticks: std::ops::Range<u32>) -> Option<Finding> {
        let rows: Vec<Ticked> = ticks.map(|tick| (tick, row(tick as f32))).collect();
        write(disk, Path::new(DIRECTORY), "api", &rows).unwrap()
    }

    fn ticks(disk: &SimulatedDisk, range: (u32, u32)) -> Vec<u32> {
        let rows = read(disk, Path::new(DIRECTORY), "api", range).unwrap();
        assert!(rows.iter().all(|(tick, row)| row[0].to_bits() == (*tick as f32).to_bits()));
        rows.into_iter().map(|(tick, _)| tick).collect()
    }

    #[test]
    fn a_day_is_kept_and_its_file_does_not_grow_beyond_it() {
        let disk = SimulatedDisk::new(1);
        assert_eq!(write_all(&disk, 1000..30_000), None);
        let bytes = disk.contents(&path_of(Path::new(DIRECTORY), "api")).unwrap().len();
        assert_eq!(bytes, HEADER + ROWS as usize * ROW);
        let kept = ticks(&disk, (0, u32::MAX));
        assert_eq!((kept.len() as i64, kept[0], kept[kept.len() - 1]), (ROWS, 21_360, 29_999));
        assert_eq!(ticks(&disk, (29_990, 29_992)), [29_990, 29_991, 29_992]);
    }

    #[test]
    fn it_goes_on_after_a_restart_and_a_gap_stays_a_gap() {
        let disk = SimulatedDisk::new(2);
        write_all(&disk, 10..12);
        disk.kill();
        assert_eq!(write_all(&disk, 20..22), None);
        assert_eq!(ticks(&disk, (0, 100)), [10, 11, 20, 21]);
    }

    #[test]
    fn a_torn_row_is_left_out_and_its_neighbours_are_not() {
        let disk = SimulatedDisk::new(3);
        write_all(&disk, 10..13);
        let path = path_of(Path::new(DIRECTORY), "api");
        let mut file = disk.open(&path, Access::ReadWrite).unwrap();
        file.write_at(&[7], place(11) + 9).unwrap();
        drop(file);
        assert_eq!(ticks(&disk, (0, 100)), [10, 12]);
    }

    #[test]
    fn another_version_begins_anew_and_says_so() {
        let disk = SimulatedDisk::new(4);
        write_all(&disk, 10..13);
        let path = path_of(Path::new(DIRECTORY), "api");
        let mut file = disk.open(&path, Access::ReadWrite).unwrap();
        file.write_at(&2_u32.to_le_bytes(), 8).unwrap();
        drop(file);
        assert_eq!(ticks(&disk, (0, 100)), [0; 0]);
        let finding = write_all(&disk, 20..21).unwrap();
        assert!(finding.to_string().contains("begins anew"), "{finding}");
        assert_eq!(ticks(&disk, (0, 100)), [20]);
    }
}
