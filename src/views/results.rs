//! The reading thread of a view of a results directory: each dataset in its log is a record.

use crate::core::time::now;
use crate::core::wait::Wait;
use crate::views::message::{Following, Message, Queue, Standing, tell};
use crate::views::record::{Record, Wanted};
use crate::views::table::{Plan, Table};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The log that the sink `report` writes; a line in it is the commit of a dataset.
const LOG: &str = "processed.ndjson";
const EVERY: Duration = Duration::from_secs(1);
/// As much of the end of the log is read: about 10,000 datasets.
const BYTES: u64 = 4 * 1024 * 1024;

pub(super) struct ResultsReader {
    pub directory: PathBuf,
    pub wanted: Wanted,
    pub plan: Plan,
    pub queue: Queue,
    pub wait: Wait,
}

/// How the log was when it was read.
type Seen = (u64, Option<SystemTime>);

impl ResultsReader {
    pub(super) fn run(self) {
        let mut seen: Option<Seen> = None;
        while !self.wait.is_stopped() {
            let begun = now();
            let message = match self.look(&mut seen) {
                Ok(None) => None,
                Ok(Some(table)) => Some(Message::List(table, Following::Files)),
                Err(error) => {
                    seen = None;
                    Some(Message::Standing(Standing::Trouble(self.words(&error))))
                }
            };
            if message.is_some_and(|message| tell(&self.queue, message).is_err()) {
                return;
            }
            self.wait.sleep(EVERY.max(begun.elapsed() * 4));
        }
    }

    fn words(&self, error: &io::Error) -> String {
        let place = self.directory.display();
        match error.kind() {
            io::ErrorKind::NotFound => format!("There are no results in {place} yet."),
            _ => format!("The results in {place} cannot be read: {error}"),
        }
    }

    /// All datasets, if the log is not as it was.
    fn look(&self, seen: &mut Option<Seen>) -> io::Result<Option<Table>> {
        let mut file = File::open(self.directory.join(LOG))?;
        let metadata = file.metadata()?;
        let (length, modified) = (metadata.len(), metadata.modified().ok());
        if *seen == Some((length, modified)) {
            return Ok(None);
        }
        let from = length.saturating_sub(BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(BYTES).read_to_end(&mut bytes)?;
        *seen = Some((length, modified));
        Ok(Some(self.table(&bytes, from > 0)))
    }

    /// A line that is cut at either end is none.
    fn table(&self, bytes: &[u8], is_cut: bool) -> Table {
        let mut table = Table::new(&self.wanted, &self.plan);
        let whole = memchr::memrchr(b'\n', bytes).map_or(&[][..], |end| &bytes[..end]);
        let lines = whole.split(|byte| *byte == b'\n').skip(usize::from(is_cut));
        for (place, line) in lines.enumerate() {
            let mut value: Value = serde_json::from_slice(line).unwrap_or_default();
            let Some(Value::Object(entry)) = value.get_mut("entry").map(Value::take) else {
                continue;
            };
            let name = entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            let record = flat(entry, place + 1);
            table.put(self.wanted.key(&name), Record::of(&record, &self.wanted));
        }
        table
    }
}

/// An entry of the log with plain values only: its quality is the verdict, and of the column that says most there is
/// the mean.
fn flat(entry: serde_json::Map<String, Value>, place: usize) -> Value {
    let mut record = json!({ "place": place });
    for (name, value) in entry {
        match name.as_str() {
            "quality" => record["quality"] = value["verdict"].clone(),
            "highlight" => {
                record["mean"] = value["mean"].clone();
                record["mean of"] = value["column"].clone();
            }
            _ => record[name] = value,
        }
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::panel::{Cell, Want};
    use std::sync::mpsc::sync_channel;

    #[test]
    fn every_whole_line_of_the_log_is_a_dataset() {
        let fields = ["name", "rows", "quality", "mean", "place"].map(str::to_owned).to_vec();
        let (wanted, plan) = Plan::new(&[Want::Latest { fields: fields.clone(), most: 9 }], None);
        let (queue, _) = sync_channel(1);
        let directory = PathBuf::from("/nowhere");
        let reader = ResultsReader { directory, wanted, plan, queue, wait: Wait::new() };
        let line = |name: &str, rows: u64| {
            format!(
                "{{\"dataset\":\"{name}\",\"entry\":{{\"name\":\"{name}\",\"rows\":{rows},\
                 \"quality\":{{\"verdict\":\"ok\",\"reasons\":[]}},\
                 \"highlight\":{{\"column\":\"value\",\"mean\":2.5,\"counts\":[1]}}}}}}\n"
            )
        };
        let log = format!("{}garbage\n{}{{\"name\":\"cut", line("data_1", 5), line("data_2", 7));
        let table = reader.table(log.as_bytes(), false);
        let latest = table.latest(&fields, 9);
        let newest = [
            Cell::text("data_2"),
            Cell::Number(7.0),
            Cell::text("ok"),
            Cell::Number(2.5),
            Cell::Number(3.0),
        ];
        assert_eq!((latest.rows.len(), latest.rows[0].as_slice()), (2, &newest[..]));
        assert_eq!(reader.table(log.as_bytes(), true).records(), 1, "the first line may be cut");
        assert_eq!(reader.table(b"", false).records(), 0);
        let error = reader.look(&mut None).unwrap_err();
        assert_eq!(reader.words(&error), "There are no results in /nowhere yet.");
    }
}
