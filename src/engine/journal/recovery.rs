//! What the last process left behind: read, made durable, and described in findings. Nothing is thrown away
//! but the unfinished end of the last append, which nobody was told is safe.

use std::collections::VecDeque;
use std::path::Path;

use super::append::Active;
use super::cursor::{Cursor, Limit, Step};
use super::error::JournalError;
use super::frame;
use super::quarantine;
use super::segment::{self, Header, HeaderFound, SEGMENT_BYTES_MAX, VERSION};
use super::shared::Segment;
use crate::core::disk::{Access, Disk, DiskError, DiskFile, read_range};
use crate::core::finding::Finding;

/// How much of a segment is looked at at once.
const CHUNK: usize = 256 * 1024;

/// The state of a journal directory.
#[derive(Debug, Default)]
pub(super) struct Recovered {
    pub(super) segments: VecDeque<Segment>,
    /// The next sequence number.
    pub(super) next: u64,
    pub(super) active: Option<Active>,
    pub(super) findings: Vec<Finding>,
}

/// Brings a journal directory into order.
pub(super) fn recover(
    disk: &dyn Disk,
    journal: &Path,
    delivered: u64,
) -> Result<Recovered, JournalError> {
    let mut recovered = Recovered { next: 1, ..Recovered::default() };
    let mut lost_end = 1;
    for path in disk.list(journal).map_err(JournalError::Disk)? {
        if path.extension().is_some_and(|ending| ending == "tmp") {
            disk.remove(&path).map_err(JournalError::Disk)?;
        }
        let Some(first) = segment::first_in_name(&path) else { continue };
        lost_end = load(disk, journal, first, &mut recovered)?.unwrap_or(1);
    }
    // Names that the last process made may be known to the cache only; what is read here must not vanish.
    disk.sync_dir(journal).map_err(JournalError::Disk)?;
    find_lost_segments(disk, journal, delivered, &mut recovered).map_err(JournalError::Disk)?;
    recover_last(disk, journal, &mut recovered).map_err(JournalError::Disk)?;
    skip_numbers(journal, lost_end, delivered, &mut recovered);
    Ok(recovered)
}

/// Takes a segment into the list. One whose header cannot be read is moved aside; the sequence number after the
/// last that it can have held is returned.
fn load(
    disk: &dyn Disk,
    journal: &Path,
    first: u64,
    recovered: &mut Recovered,
) -> Result<Option<u64>, JournalError> {
    let path = segment::path_of(journal, first);
    let file = disk.open(&path, Access::Read).map_err(JournalError::Disk)?;
    let bytes = file.bytes().map_err(JournalError::Disk)?.min(SEGMENT_BYTES_MAX);
    match segment::read_header(&*file, first).map_err(JournalError::Disk)? {
        HeaderFound::Whole(header) => {
            let id = recovered.segments.len() as u64;
            recovered.segments.push_back(Segment { id, header, end: bytes });
            Ok(None)
        }
        HeaderFound::Newer { version } => {
            Err(JournalError::Newer { path, version, readable: VERSION })
        }
        HeaderFound::Damaged => {
            let finding = quarantine::keep_segment(disk, journal, first);
            recovered.findings.push(finding.map_err(JournalError::Disk)?);
            Ok(Some(first + bytes / frame::HEADER as u64 + 1))
        }
    }
}

/// Every segment names the one before it; where that one is not there, segments are lost.
fn find_lost_segments(
    disk: &dyn Disk,
    journal: &Path,
    delivered: u64,
    recovered: &mut Recovered,
) -> Result<(), DiskError> {
    let segments: Vec<(Header, u64)> =
        recovered.segments.iter().map(|segment| (segment.header, segment.end)).collect();
    for pair in segments.windows(2) {
        let [(before, end), (after, _)] = pair else { continue };
        let known = quarantine::holds_segment(disk, journal, after.previous);
        if after.previous == before.first || after.first <= delivered.saturating_add(1) || known {
            continue;
        }
        let path = segment::path_of(journal, before.first);
        let mut cursor = Cursor::new(disk.open(&path, Access::Read)?, before);
        let limit = Limit { sequence: after.first, offset: *end };
        while let Step::Frames(_) = cursor.read(limit, CHUNK)? {}
        if cursor.next() < after.first {
            let missing = quarantine::missing(cursor.next(), after.first);
            let what = format!("a segment between this one and the next is gone, {missing}");
            let finding = Finding::damage(&path, what).done("went on with the next segment");
            recovered.findings.push(finding.remedy(
                "bring the file back from a backup if something removed it; look at the health of the disk",
            ));
        }
    }
    Ok(())
}

/// Reads the last segment to its end, cuts off what is no frame, and makes the rest durable.
fn recover_last(
    disk: &dyn Disk,
    journal: &Path,
    recovered: &mut Recovered,
) -> Result<(), DiskError> {
    let Some(last) = recovered.segments.back_mut() else { return Ok(()) };
    let first = last.header.first;
    let path = segment::path_of(journal, first);
    let mut cursor = Cursor::new(disk.open(&path, Access::ReadWrite)?, &last.header);
    let limit = Limit { sequence: u64::MAX, offset: last.end };
    let mut last_append = cursor.offset();
    let junk = loop {
        match cursor.read(limit, CHUNK)? {
            Step::Frames(run) => {
                last_append = run.last_append.unwrap_or(last_append);
                let found = run.hole.and_then(|hole| quarantine::keep(disk, journal, first, &hole));
                recovered.findings.extend(found);
            }
            Step::End { junk } => break junk,
        }
    };
    let (end, next) = (cursor.offset(), cursor.next());
    let mut file = cursor.into_file();
    let mut allocated = last.end;
    if !junk.is_empty() {
        file.truncate(end)?;
        allocated = end;
        let what = format!("{} bytes of an unfinished append at byte {end}", junk.len());
        let done = "cut them off; nobody was told that they are safe";
        recovered.findings.push(Finding::notice(&path, what).done(done));
    }
    write_again(&mut *file, last_append, end)?;
    last.end = end;
    recovered.next = next;
    recovered.active = Some(Active { file, key: last.header.key(), used: end, allocated });
    Ok(())
}

/// The last process may have died after a failed sync: then the cache shows what the disk never got, and a sync
/// alone would not write it. Only the last append can be in that state, because nothing follows a failed one.
fn write_again(file: &mut dyn DiskFile, from: u64, to: u64) -> Result<(), DiskError> {
    let bytes = read_range(file, from, to.saturating_sub(from) as usize)?;
    file.write_at(&bytes, from)?;
    file.sync()
}

/// Numbers that may have been handed out are not handed out again: whoever has delivered them would skip new frames.
fn skip_numbers(journal: &Path, lost_end: u64, delivered: u64, recovered: &mut Recovered) {
    let found = recovered.next;
    if delivered >= found {
        let what =
            format!("frames up to {delivered} are delivered, but the journal ends before {found}");
        let done = format!("went on with number {}", delivered.saturating_add(1));
        let finding = Finding::damage(journal, what).done(done).remedy(
            "files of the journal were removed or damaged; what was in them and not delivered is lost",
        );
        recovered.findings.push(finding);
    }
    recovered.next = found.max(lost_end).max(delivered.saturating_add(1));
    if recovered.next != found {
        recovered.active = None;
    }
}
