//! `health`: asks a running headwater, or any URL, and says it with the exit code.

use crate::cli::arguments::Arguments;
use crate::cli::{exit, out, token};
use crate::clients::http::{Client, Request, Timeouts, bearer};
use serde_json::json;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_BYTES: u64 = 1024 * 1024;

pub(super) fn health(arguments: &Arguments, url: Option<&str>) -> exit::Code {
    let admin =
        arguments.admin.map_or_else(|| "127.0.0.1:7070".to_owned(), |admin| admin.to_string());
    let url = url.map_or_else(|| format!("http://{admin}/health"), str::to_owned);
    let client = Client::new(Timeouts { connect: TIMEOUT, total: TIMEOUT });
    let headers = match token::admin(arguments) {
        Ok(token) => bearer(token.as_deref()),
        Err(code) => return code,
    };
    let request = Request { method: "GET", url: &url, headers: &headers, ..Request::default() };
    let (is_healthy, what) = match client.send(&request, ANSWER_BYTES) {
        Ok(answer) if answer.status == 401 => {
            (false, format!("{url} answers 401: {}", token::remedy(!headers.is_empty())))
        }
        Ok(answer) => {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            (
                (200..300).contains(&answer.status),
                format!("{url} answers {}: {}", answer.status, body.trim()),
            )
        }
        Err(fault) => (false, fault.to_string()),
    };
    if arguments.json {
        out::json(&json!({ "healthy": is_healthy, "url": url, "answer": what }));
    } else if is_healthy {
        out::say(&format!("{what}\n"));
    } else {
        out::error(&what);
    }
    if is_healthy { exit::OK } else { exit::FAILURE }
}
