//! `generate`: answers every GET with the next generated record.

use crate::generator::Generator;
use crate::routes::counter::Counter;
use crate::server::{Answer, Quick, RequestHead, prefers_json};
use crate::stack::model::Form;
use std::sync::Arc;

/// One route. Its numbers are its own stream: a restart goes on behind those that were given out.
#[derive(Debug)]
pub struct Generated {
    generator: Generator,
    form: Form,
    counter: Counter,
}

impl Generated {
    pub fn new(generator: Generator, form: Form, counter: Counter) -> Self {
        Self { generator, form, counter }
    }

    /// No request comes any more: the next start goes on without a gap.
    pub fn close(&self) {
        self.counter.close();
    }
}

/// A route is shared between the server that asks it and the service that closes it.
impl Quick for Arc<Generated> {
    fn answer(&self, request: &RequestHead<'_>, out: &mut Answer) {
        let index = match self.counter.next() {
            Ok(index) => index,
            Err(reason) => {
                let detail = serde_json::Value::String(reason).to_string();
                let body = format!(
                    "{{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":{detail}}}"
                );
                out.status(503).header("Retry-After", "1");
                out.content("application/problem+json").extend_from_slice(body.as_bytes());
                return;
            }
        };
        // Every answer is another record: nobody may keep it.
        if self.form == Form::Text && !prefers_json(request.header("accept")) {
            self.generator.write_text(index, out.text());
        } else {
            self.generator.write_json(index, out.json());
        }
    }
}
