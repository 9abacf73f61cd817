//! Many records in one request: all or nothing, or each for itself with a result of its own.

use super::conditions::of_row;
use super::faults::{Faults, UNREADABLE};
use super::outcome::key_json;
use super::shared::{Asked, Native, parameters};
use crate::resource::bulk::{BulkFault, BulkForm, BulkRow, MAX_ROWS, rows};
use crate::resource::{Atomicity, Outcome, Precondition, Record, Version, Write, Written, json};
use crate::server::{Problem, Response};
use serde_json::{Value, json};

#[derive(Debug, Default)]
struct Counts {
    created: usize,
    updated: usize,
    unchanged: usize,
}

impl Counts {
    /// `None` for a write that was refused.
    fn add<'o>(&mut self, outcome: &'o Outcome) -> Option<&'o Record> {
        match outcome {
            Outcome::Created(record) => {
                self.created += 1;
                Some(record)
            }
            Outcome::Updated { record, changed } => {
                *(if *changed { &mut self.updated } else { &mut self.unchanged }) += 1;
                Some(record)
            }
            _ => None,
        }
    }

    fn append(&self, out: &mut Vec<u8>) {
        let Self { created, updated, unchanged } = self;
        let text =
            format!("{{\"created\":{created},\"updated\":{updated},\"unchanged\":{unchanged}");
        out.extend_from_slice(text.as_bytes());
    }
}

impl Native {
    pub async fn post_many(
        &self,
        asked: Asked,
        query: Option<&str>,
        form: BulkForm,
        body: &[u8],
    ) -> Result<Response, Problem> {
        let atomicity = atomicity(query)?;
        if asked.precondition != Precondition::None {
            return Err(Problem::new(
                400,
                "`If-Match` and `If-None-Match` are for one record; leave them out when you send many.",
            ));
        }
        let rows = rows(self.schema(), form, body, &self.rules(None))
            .map_err(|fault| unreadable(&fault))?;
        match atomicity {
            Atomicity::All => self.all(&asked, rows).await,
            Atomicity::Each => self.each(&asked, rows).await,
        }
    }

    async fn all(&self, asked: &Asked, rows: Vec<BulkRow>) -> Result<Response, Problem> {
        let mut faults = Faults::default();
        let mut records = Vec::with_capacity(rows.len());
        for (index, row) in rows.into_iter().enumerate() {
            match row {
                Ok(record) => records.push((index, record)),
                Err(found) => faults.add_row(index, found.line, &found.faults),
            }
        }
        if !faults.is_empty() {
            return Err(faults.problem());
        }
        let written = self.write_rows(asked, records, Atomicity::All).await?;
        if let Some(problem) = self.refusal_of_group(&written) {
            return Err(problem);
        }
        let mut counts = Counts::default();
        let mut items = Vec::new();
        for (_, one) in &written {
            if let Some(record) = counts.add(&one.outcome)
                && !asked.preferences.is_minimal
            {
                items.push(if items.is_empty() { b'[' } else { b',' });
                json::append_record(&mut items, self.schema(), record);
            }
        }
        let mut body = Vec::with_capacity(items.len() + 64);
        counts.append(&mut body);
        if !asked.preferences.is_minimal {
            body.extend_from_slice(b",\"items\":");
            body.extend_from_slice(if items.is_empty() { b"[" } else { &items });
            body.push(b']');
        }
        body.push(b'}');
        let status = if counts.created > 0 { 201 } else { 200 };
        Ok(headed(Response::json(status, body), asked, &written))
    }

    async fn each(&self, asked: &Asked, rows: Vec<BulkRow>) -> Result<Response, Problem> {
        let mut results: Vec<Option<Value>> = Vec::new();
        let mut records = Vec::with_capacity(rows.len());
        for (index, row) in rows.into_iter().enumerate() {
            results.push(None);
            match row {
                Ok(record) => records.push((index, record)),
                Err(found) => {
                    let problem = Faults::of_body(&found.faults).problem();
                    results[index] = Some(self.refused(index, problem));
                }
            }
        }
        let written = self.write_rows(asked, records, Atomicity::Each).await?;
        let mut counts = Counts::default();
        for (index, one) in &written {
            let result = match counts.add(&one.outcome) {
                Some(_) if asked.preferences.is_minimal => continue,
                Some(record) => {
                    let status = if matches!(one.outcome, Outcome::Created(_)) { 201 } else { 200 };
                    let key = record.key(self.schema());
                    json!({ "index": index, "status": status, "key": key.as_ref().map(key_json) })
                }
                None => self.refused(*index, self.refusal(&one.outcome, None)),
            };
            results[*index] = Some(result);
        }
        let failed = results.len() - counts.created - counts.updated - counts.unchanged;
        let mut body = Vec::new();
        counts.append(&mut body);
        let results: Vec<Value> = results.into_iter().flatten().collect();
        let rest = format!(",\"failed\":{failed},\"results\":{}}}", Value::from(results));
        body.extend_from_slice(rest.as_bytes());
        Ok(headed(Response::json(200, body), asked, &written))
    }

    fn refused(&self, index: usize, mut problem: Problem) -> Value {
        problem.instance.clone_from(&self.base);
        json!({ "index": index, "status": problem.status, "problem": problem.to_value() })
    }

    /// What became of each, with its row.
    async fn write_rows(
        &self,
        asked: &Asked,
        records: Vec<(usize, Record)>,
        atomicity: Atomicity,
    ) -> Result<Vec<(usize, Written)>, Problem> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let (indices, writes): (Vec<usize>, Vec<Write>) = records
            .into_iter()
            .map(|(index, record)| {
                let action = asked.preferences.resolution.action(record);
                let idempotency = asked.idempotency.as_ref().map(|whole| of_row(whole, index));
                (index, Write { idempotency, ..Write::from(action) })
            })
            .unzip();
        let written = self.write_all(writes, atomicity).await?;
        Ok(indices.into_iter().zip(written).collect())
    }

    /// Why a group was refused: all that the store found wrong with it, each with its row.
    fn refusal_of_group(&self, written: &[(usize, Written)]) -> Option<Problem> {
        let mut faults = Faults::default();
        let mut first = None;
        let is_failure =
            |one: &Written| !one.outcome.is_success() && one.outcome != Outcome::NotDone;
        for (index, one) in written.iter().filter(|(_, one)| is_failure(one)) {
            let place = [json!("body"), json!(index)];
            match self.add_fault(&one.outcome, &place, &mut faults) {
                Some(refusal) => first = first.or(Some(refusal)),
                // This concerns the request as a whole, such as its idempotency key.
                None => return Some(self.refusal(&one.outcome, None)),
            }
        }
        first.map(|refusal| faults.refused(refusal))
    }
}

fn atomicity(query: Option<&str>) -> Result<Atomicity, Problem> {
    let parameters = parameters(query, &["atomic"])?;
    match parameters.last().map(|(_, value)| value.as_str()) {
        None | Some("true") => Ok(Atomicity::All),
        Some("false") => Ok(Atomicity::Each),
        Some(other) => {
            let mut faults = Faults::of_query(&[]);
            let place = [json!("query"), json!("atomic")];
            faults.add_one(&place, "choice", "must be true or false", Some(json!(other)));
            Err(faults.problem())
        }
    }
}

fn unreadable(fault: &BulkFault) -> Problem {
    match fault {
        BulkFault::Unreadable(reason) => Problem::new(UNREADABLE.status, reason.clone())
            .of_kind(UNREADABLE.kind, UNREADABLE.title),
        BulkFault::TooManyRows => {
            let detail = format!("These are too many; send at most {MAX_ROWS} records at a time.");
            Problem::new(413, detail)
        }
    }
}

fn headed(response: Response, asked: &Asked, written: &[(usize, Written)]) -> Response {
    let newest = written.iter().map(|(_, one)| one.version).max();
    let is_replay = !written.is_empty() && written.iter().all(|(_, one)| one.is_replay);
    let mut response = response;
    if let Some(Version(newest)) = newest {
        response = response.with_header("headwater-version", newest.to_string());
    }
    if is_replay {
        response = response.with_header("idempotency-replayed", "true");
    }
    match asked.preferences.applied() {
        Some(applied) => response.with_header("preference-applied", applied),
        None => response,
    }
}
