//! The records behind an API: all of them as lines where the server can do that, else the list that it answers.

use super::target::{Block, Target};
use crate::clients::http::{Client, Request};
use crate::core::fault::Fault;
use crate::core::limits::LINE_BYTES;
use crate::core::record::{Encoding, Records, Rejected};
use crate::formats::assembler::{Assembler, Format};
use serde_json::Value;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

/// A list that is no stream of lines is read whole: no larger one is.
const LIST_BYTES: u64 = 256 * 1024 * 1024;

const CONNECT: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(30);

pub(super) struct Api {
    piece: Arc<str>,
    body: Box<dyn Read>,
    assembler: Assembler,
    /// The list is read as one, not as lines.
    is_list: bool,
    has_ended: bool,
}

impl Api {
    pub(super) fn open(url: &str, token: Option<&str>) -> Result<Self, Fault> {
        let accept = "application/x-ndjson, application/json;q=0.5";
        let mut headers = vec![("Accept".to_owned(), accept.to_owned())];
        headers.extend(token.map(|it| ("Authorization".to_owned(), format!("Bearer {it}"))));
        let client = Client::patient(CONNECT, SILENCE);
        let request = Request { method: "GET", url, headers: &headers, body: None };
        let opened = client.open(&request).map_err(|fault| Fault::stop(fault.reason()))?;
        let shown = url.split('?').next().unwrap_or(url);
        if opened.status != 200 {
            let help = if matches!(opened.status, 401 | 403) { "; name --token-file" } else { "" };
            return Err(Fault::stop(format!("{shown} answers {}{help}", opened.status)));
        }
        Ok(Self {
            piece: shown.into(),
            is_list: !opened.content_type.contains("ndjson"),
            body: opened.body,
            assembler: Assembler::new(Format::Ndjson),
            has_ended: false,
        })
    }

    fn list(&mut self) -> Result<Block, Fault> {
        let mut bytes = Vec::new();
        let wrong = |what: String| Fault::stop(format!("{}: {what}", self.piece));
        let mut body = (&mut self.body).take(LIST_BYTES + 1);
        body.read_to_end(&mut bytes).map_err(|error| wrong(error.to_string()))?;
        if bytes.len() as u64 > LIST_BYTES {
            return Err(wrong("the list is larger than 256 MiB".to_owned()));
        }
        let list: Value =
            serde_json::from_slice(&bytes).map_err(|error| wrong(format!("no JSON: {error}")))?;
        let items = match &list {
            Value::Array(items) => Some(items),
            Value::Object(fields) => fields.values().find_map(Value::as_array),
            _ => None,
        };
        let Some(items) = items else { return Err(wrong("the answer holds no list".to_owned())) };
        let mut records = Records::empty(Encoding::Json);
        let mut rejected = Vec::new();
        for item in items {
            let text = item.to_string();
            if text.len() > LINE_BYTES {
                let reason = "the record is too long".to_owned();
                rejected.push(Rejected { record: Vec::new(), reason });
            } else {
                records.push_json(text.as_bytes());
            }
        }
        Ok(Block { piece: Arc::clone(&self.piece), records, rejected, skipped: 0 })
    }
}

impl Target for Api {
    fn next(&mut self) -> Result<Option<Block>, Fault> {
        if self.has_ended {
            return Ok(None);
        }
        if self.is_list {
            self.has_ended = true;
            return self.list().map(Some);
        }
        loop {
            let wrong = |what: String| Fault::stop(format!("{}: {what}", self.piece));
            if let Some(piece) = self.assembler.next(self.has_ended).map_err(wrong)? {
                let (piece, records, rejected) =
                    (Arc::clone(&self.piece), piece.records, piece.rejected);
                return Ok(Some(Block { piece, records, rejected, skipped: 0 }));
            }
            if self.has_ended {
                return Ok(None);
            }
            let body = &mut self.body;
            let read = self.assembler.fill(|room| body.read(room));
            self.has_ended = read.map_err(|error| wrong(error.to_string()))? == 0;
        }
    }

    fn is_ordered(&self) -> bool {
        false
    }

    fn is_exact(&self) -> bool {
        false
    }
}
