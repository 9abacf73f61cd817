//! One record at its address: reading, replacing, changing and deleting it.

use super::conditions::{is_known, joined};
use super::faults::Faults;
use super::shared::{Asked, Native, parameters};
use super::{media, path};
use crate::caches::{Freshness, Read};
use crate::resource::{Action, ETag, json, validate};
use crate::server::{Answer, Attempt, Problem, Reply, Request, RequestHead, Response, Slow};
use crate::wires::answers::{GET_DEADLINE, Short, freshness, read_headers, store_problem, within};
use std::sync::Arc;

/// Answers GET: at once when the near cache has the record, else when the store has answered.
#[derive(Debug)]
pub struct GetItem(pub Arc<Native>);

impl Slow for GetItem {
    fn answer(&self, request: Request) -> Reply<'_> {
        Box::pin(self.0.get(request))
    }
}

impl Attempt for GetItem {
    /// Whatever is not the plain case is left to the slow way, which tells what is wrong.
    fn attempt(&self, head: &RequestHead<'_>, out: &mut Answer) -> bool {
        let native = &*self.0;
        if head.query().is_some() {
            return false;
        }
        let Some(key) = path::key(native.schema(), head.segment()) else { return false };
        let Ok(freshness) = freshness(|name| head.header(name)) else { return false };
        let Some(read) = native.cached().now(&key, freshness) else { return false };
        let Some(record) = &read.record else { return false };
        let mut conditions =
            head.headers().filter(|(name, _)| name.eq_ignore_ascii_case("if-none-match"));
        let condition = conditions.next().map(|(_, value)| std::str::from_utf8(value));
        if conditions.next().is_some() || matches!(condition, Some(Err(_))) {
            return false;
        }
        json::append_record(out.json(), native.schema(), record);
        let tag = ETag::of_json(out.json());
        if let Some(Ok(condition)) = condition
            && is_known(condition, tag)
        {
            out.content("").clear();
            out.status(304);
        }
        out.header("etag", Short::default().of(format_args!("{tag}")));
        out.header("cache-control", "no-cache");
        read_headers(&read, freshness.is_bypass, |name, value| {
            out.header(name, value);
        });
        true
    }
}

impl Native {
    pub async fn get(&self, request: Request) -> Result<Response, Problem> {
        parameters(request.query.as_deref(), &[])?;
        let key = self.key(&request.segment)?;
        let freshness = freshness(|name| request.header(name))?;
        let condition = joined(&request.headers, "if-none-match")?;
        let read = within(GET_DEADLINE, self.cached().get(key.clone(), freshness))
            .await
            .map_err(|error| store_problem(&error))?;
        let Some(record) = &read.record else {
            let mut problem = self.missing(Some(&key));
            read_headers(&read, freshness.is_bypass, |name, value| {
                problem.headers.push((name, value.to_owned()));
            });
            return Err(problem);
        };
        let mut body = Vec::with_capacity(256);
        json::append_record(&mut body, self.schema(), record);
        let tag = ETag::of_json(&body);
        let is_known = condition.is_some_and(|condition| is_known(&condition, tag));
        let response = if is_known { Response::empty(304) } else { Response::json(200, body) };
        Ok(with_read_headers(response, tag, &read, freshness))
    }

    pub async fn put(&self, request: Request) -> Result<Response, Problem> {
        parameters(request.query.as_deref(), &[])?;
        let key = self.key(&request.segment)?;
        media::put(&|name| request.header(name))?;
        let (asked, body) = self.taken_apart(request).await?;
        let record = validate::record(self.schema(), &body, &self.rules(Some(key.clone())))
            .map_err(|faults| Faults::of_body(&faults).problem())?;
        let preferences = asked.preferences;
        let written = self.write(asked, Action::Put(record)).await?;
        self.answer(&written, Some(&key), preferences)
    }

    pub async fn patch(&self, request: Request) -> Result<Response, Problem> {
        parameters(request.query.as_deref(), &[])?;
        let key = self.key(&request.segment)?;
        media::patched(&|name| request.header(name))?;
        let (asked, body) = self.taken_apart(request).await?;
        let changes = validate::patch(self.schema(), &body, &self.rules(Some(key.clone())))
            .map_err(|faults| Faults::of_body(&faults).problem())?;
        let preferences = asked.preferences;
        let written = self.write(asked, Action::Patch(key.clone(), changes)).await?;
        self.answer(&written, Some(&key), preferences)
    }

    pub async fn delete(&self, request: Request) -> Result<Response, Problem> {
        parameters(request.query.as_deref(), &[])?;
        let key = self.key(&request.segment)?;
        let (asked, _) = self.taken_apart(request).await?;
        let preferences = asked.preferences;
        let written = self.write(asked, Action::Delete(key.clone())).await?;
        self.answer(&written, Some(&key), preferences)
    }

    /// What is asked for, and the body.
    pub async fn taken_apart(&self, request: Request) -> Result<(Asked, bytes::Bytes), Problem> {
        let mut request = request;
        let body = std::mem::replace(&mut request.body, crate::server::Body::empty());
        let body = body.collect().await?;
        Ok((Asked::read(&request, &body)?, body))
    }
}

fn with_read_headers(response: Response, tag: ETag, read: &Read, freshness: Freshness) -> Response {
    let mut response =
        response.with_header("etag", tag.to_string()).with_header("cache-control", "no-cache");
    read_headers(read, freshness.is_bypass, |name, value| {
        response.headers.push((name.into(), value.to_owned()));
    });
    response
}
