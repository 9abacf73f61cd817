//! Lists, page by page.

use super::faults::Faults;
use super::media::{Wanted, wanted};
use super::shared::{Native, parameters};
use crate::formats::form::decode_query;
use crate::resource::query::{self, ListRequest};
use crate::resource::{ListQuery, Page, Record, json};
use crate::server::{Problem, Request, Response};
use crate::wires::answers::{WORK_DEADLINE, store_problem, within};
use crate::wires::events;
use std::sync::Arc;

impl Native {
    /// The collection in the form that the client wants.
    pub async fn collection(self: Arc<Self>, request: Request) -> Result<Response, Problem> {
        let response = match wanted(request.header("accept")) {
            Wanted::Page => self.page(&request).await,
            Wanted::Ndjson => self.lines(&request).await,
            Wanted::Events => {
                parameters(request.query.as_deref(), &[])?;
                events::stream(&self.served, request.header("last-event-id")).await
            }
        };
        response.map(|response| response.with_header("vary", "accept"))
    }

    pub fn asked_for(&self, request: &Request) -> Result<ListRequest, Problem> {
        query::parse(self.schema(), request.query.as_deref().unwrap_or_default())
            .map_err(|faults| Faults::of_query(&faults).problem())
    }

    pub async fn read_page(&self, query: ListQuery) -> Result<Page, Problem> {
        within(WORK_DEADLINE, self.cached().store().list(query))
            .await
            .map_err(|error| store_problem(&error))
    }

    async fn page(&self, request: &Request) -> Result<Response, Problem> {
        let ListRequest { query, fields, count } = self.asked_for(request)?;
        let count = if count {
            let counting = self.cached().store().count(query.conditions.clone());
            Some(within(WORK_DEADLINE, counting).await.map_err(|error| store_problem(&error))?)
        } else {
            None
        };
        let order = query.order.clone();
        let page = self.read_page(query).await?;
        let next = page.next.as_ref().map(|cursor| cursor.encode(self.schema(), &order));
        let mut body = Vec::with_capacity(page.records.len() * 128 + 64);
        body.extend_from_slice(b"{\"items\":[");
        for (place, record) in page.records.iter().enumerate() {
            if place > 0 {
                body.push(b',');
            }
            self.append(&mut body, record, fields.as_deref());
        }
        body.extend_from_slice(b"],\"next\":");
        match &next {
            // A cursor has no character that JSON would escape.
            Some(next) => body.extend_from_slice(format!("\"{next}\"").as_bytes()),
            None => body.extend_from_slice(b"null"),
        }
        if let Some(count) = count {
            body.extend_from_slice(format!(",\"count\":{count}").as_bytes());
        }
        body.push(b'}');
        let response = Response::json(200, body)
            .with_header("cache-control", "no-cache")
            .with_header("headwater-version", page.as_of.to_string());
        Ok(match next {
            Some(next) => response.with_header("link", link(request, &next)),
            None => response,
        })
    }

    pub fn append(&self, out: &mut Vec<u8>, record: &Record, fields: Option<&[usize]>) {
        match fields {
            Some(fields) => json::append_fields(out, self.schema(), record, fields),
            None => json::append_record(out, self.schema(), record),
        }
    }
}

/// The same list behind this page.
fn link(request: &Request, next: &str) -> String {
    let query = request.query.as_deref().unwrap_or_default();
    let is_after = |pair: &&str| decode_query(pair).iter().any(|(name, _)| name == "after");
    let mut pairs: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !is_after(pair)).collect();
    let after = format!("after={next}");
    pairs.push(&after);
    format!("<{}?{}>; rel=\"next\"", request.path, pairs.join("&"))
}
