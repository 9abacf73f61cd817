//! Posting to a collection: one record, or many, told apart by what was sent.

use super::faults::Faults;
use super::media::{self, Posted};
use super::shared::{Native, parameters};
use crate::resource::bulk::BulkForm;
use crate::resource::validate;
use crate::server::{Problem, Request, Response};

impl Native {
    pub async fn post(&self, request: Request) -> Result<Response, Problem> {
        let posted = media::posted(&|name| request.header(name))?;
        let query = request.query.clone();
        let (asked, body) = self.taken_apart(request).await?;
        let form = match posted {
            Posted::Json if !is_array(&body) => {
                parameters(query.as_deref(), &[])?;
                let record = validate::record(self.schema(), &body, &self.rules(None))
                    .map_err(|faults| Faults::of_body(&faults).problem())?;
                let preferences = asked.preferences;
                let action = preferences.resolution.action(record);
                let written = self.write(asked, action).await?;
                return self.answer(&written, None, preferences);
            }
            Posted::Json => BulkForm::Array,
            Posted::Ndjson => BulkForm::Ndjson,
            Posted::Csv => BulkForm::Csv,
        };
        self.post_many(asked, query.as_deref(), form, &body).await
    }
}

fn is_array(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'[')
}
