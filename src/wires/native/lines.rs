//! A whole list as NDJSON, page after page: as long as it takes, in the memory of two pages.

use super::faults::Faults;
use super::shared::Native;
use crate::formats::form::decode_query;
use crate::resource::query::ListRequest;
use crate::resource::{ListQuery, Page};
use crate::server::{Problem, Request, Response, StreamSender, stream};
use serde_json::json;
use std::sync::Arc;

/// Records read at a time.
const PAGE: usize = 1000;
/// Pages that may wait for a client that reads slowly.
const AHEAD: usize = 1;

/// A list that is being sent.
struct Lines {
    native: Arc<Native>,
    query: ListQuery,
    fields: Option<Vec<usize>>,
    /// How many records are still wanted.
    left: usize,
    sender: StreamSender,
}

impl Native {
    /// The first page is read before the answer begins, so that a store that is down is an error and no empty list.
    pub async fn lines(self: &Arc<Self>, request: &Request) -> Result<Response, Problem> {
        let ListRequest { mut query, fields, count } = self.asked_for(request)?;
        if count {
            let mut faults = Faults::of_query(&[]);
            let message = "has no place in NDJSON; leave it out, or ask for JSON";
            faults.add_one(&[json!("query"), json!("count")], "count", message, None);
            return Err(faults.problem());
        }
        let parameters = decode_query(request.query.as_deref().unwrap_or_default());
        let has_limit = parameters.iter().any(|(name, _)| name == "limit");
        let left = if has_limit { query.limit } else { usize::MAX };
        query.limit = PAGE.min(left);
        let first = self.read_page(query.clone()).await?;
        let version = first.as_of;
        let (sender, body) = stream(AHEAD);
        let lines = Lines { native: Arc::clone(self), query, fields, left, sender };
        tokio::spawn(lines.send(first));
        Ok(Response::stream("application/x-ndjson", body.to_its_end())
            .with_header("cache-control", "no-cache")
            .with_header("headwater-version", version.to_string()))
    }
}

impl Lines {
    /// A list that cannot be read to its end is broken off without its last chunk, so that the client can tell.
    async fn send(mut self, first: Page) {
        let mut page = first;
        loop {
            self.left = self.left.saturating_sub(page.records.len());
            if !page.records.is_empty() {
                let mut text = Vec::with_capacity(page.records.len() * 128);
                for record in &page.records {
                    self.native.append(&mut text, record, self.fields.as_deref());
                    text.push(b'\n');
                }
                if self.sender.send(text).await.is_err() {
                    return;
                }
            }
            if page.next.is_none() || self.left == 0 {
                // The client may have gone; then nobody is to be told.
                self.sender.finish().await.unwrap_or_default();
                return;
            }
            self.query.after = page.next.take();
            self.query.limit = PAGE.min(self.left);
            match self.native.read_page(self.query.clone()).await {
                Ok(next) => page = next,
                Err(_) => return,
            }
        }
    }
}
