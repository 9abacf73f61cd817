//! The header row: the columns' names and the delimiter, and what can be wrong with them.

use std::collections::HashMap;
use std::fmt;

use memchr::memchr;

use super::BYTE_ORDER_MARK;
use super::rows::RowScanner;

/// Delimiters looked for, in the order in which a tie is decided.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// What the first row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    pub columns: Vec<String>,
    pub delimiter: u8,
    /// Bytes up to the first row, with a byte order mark and the header's line ending.
    pub bytes: u64,
    /// Lines up to the first row.
    pub lines: u64,
}

/// Why a header cannot be used, each with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderError {
    Missing,
    NotUtf8,
    EmptyName { column: usize },
    DuplicateName { name: String, first: usize, second: usize },
}

impl fmt::Display for HeaderError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => {
                out.write_str("the file has no header row; its first row must name the columns")
            }
            Self::NotUtf8 => {
                out.write_str("the header is not UTF-8; save the file as UTF-8 and try again")
            }
            Self::EmptyName { column } => {
                write!(out, "column {column} has no name in the header; give every column a name")
            }
            Self::DuplicateName { name, first, second } => write!(
                out,
                "columns {first} and {second} are both named `{name}`; rename one of them"
            ),
        }
    }
}

impl std::error::Error for HeaderError {}

impl Header {
    /// Reads the header at the start of `file`, which holds at least the whole header row.
    /// Without a `delimiter` it is detected.
    pub fn read(file: &[u8], delimiter: Option<u8>) -> Result<Self, HeaderError> {
        let text = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
        let delimiter = delimiter.unwrap_or_else(|| detect_delimiter(file));
        let mut scanner = RowScanner::new(delimiter);
        let mut rows = scanner.rows(text);
        let row = rows.next_row().ok_or(HeaderError::Missing)?;
        let columns = row
            .cells()
            .map(|cell| std::str::from_utf8(cell).map(str::to_owned))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| HeaderError::NotUtf8)?;
        let end = memchr(b'\n', &text[row.raw.end..])
            .map_or(text.len(), |offset| row.raw.end + offset + 1);
        check_names(&columns)?;
        Ok(Self {
            columns,
            delimiter,
            bytes: (file.len() - text.len() + end) as u64,
            lines: memchr::memchr_iter(b'\n', &text[..end]).count() as u64,
        })
    }
}

fn check_names(columns: &[String]) -> Result<(), HeaderError> {
    let mut seen = HashMap::new();
    for (index, name) in columns.iter().enumerate() {
        if name.trim().is_empty() {
            return Err(HeaderError::EmptyName { column: index + 1 });
        }
        if let Some(first) = seen.insert(name.as_str(), index) {
            let (first, second) = (first + 1, index + 1);
            return Err(HeaderError::DuplicateName { name: name.clone(), first, second });
        }
    }
    Ok(())
}

/// The delimiter that stands most often in the first line, outside quotes; a comma if none does.
pub fn detect_delimiter(file: &[u8]) -> u8 {
    let text = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let mut counts = [0_u32; DELIMITERS.len()];
    let mut inside_quotes = false;
    for byte in text.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n')) {
        match byte {
            b'"' => inside_quotes = !inside_quotes,
            b'\n' | b'\r' if !inside_quotes => break,
            _ if inside_quotes => {}
            _ => {
                if let Some(place) = DELIMITERS.iter().position(|known| known == byte) {
                    counts[place] += 1;
                }
            }
        }
    }
    let mut best = 0;
    for place in 1..DELIMITERS.len() {
        if counts[place] > counts[best] {
            best = place;
        }
    }
    DELIMITERS[best]
}
