//! How far a flow has come, in a table of the database that its sink writes to: `headwater_positions`, written in the
//! same transaction as the records.

use super::connection::Connection;
use super::trouble::{Kind, Trouble};
use crate::core::position::{Partition, Position};
use std::collections::BTreeMap;

/// A flow is known by its stack and its service; a run of it, from an empty data directory on, by an id of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Owner {
    pub flow: String,
    pub run: String,
}

/// What the table says of a flow.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    pub run: String,
    /// Transactions that were committed for this run.
    pub commits: i64,
    pub positions: BTreeMap<Partition, Position>,
}

const CREATE: &str = "CREATE TABLE IF NOT EXISTS headwater_positions (\
    flow text PRIMARY KEY, run text NOT NULL, commits bigint NOT NULL, positions json NOT NULL, \
    changed timestamptz NOT NULL DEFAULT now())";

/// Makes the table unless it is there.
pub(super) async fn prepare(connection: &Connection) -> Result<(), Trouble> {
    let row = connection.query_one("SELECT to_regclass('headwater_positions')::oid", &[]).await?;
    if row.try_get::<_, Option<u32>>(0)?.is_some() {
        return Ok(());
    }
    let made = connection.batch_execute(CREATE).await.map_err(Trouble::from);
    match made {
        Err(Trouble { kind: Kind::Forbidden, detail }) => {
            let remedy = format!("{detail}; create the table for this user once: {CREATE}");
            Err(Trouble::new(Kind::Forbidden, remedy))
        }
        // Another flow was quicker.
        Err(Trouble { kind: Kind::Taken(_), .. }) => Ok(()),
        other => other,
    }
}

/// What is there once every transaction has ended that may still change it: a commit whose answer was lost may be under
/// way.
pub(super) async fn read(connection: &Connection, flow: &str) -> Result<Option<Row>, Trouble> {
    let sql =
        "SELECT run, commits, positions::text FROM headwater_positions WHERE flow = $1 FOR UPDATE";
    let Some(row) = connection.query_opt(sql, &[&flow]).await? else { return Ok(None) };
    let text: String = row.try_get(2)?;
    let positions = serde_json::from_str(&text).map_err(|error| {
        let detail = format!("the positions of `{flow}` in headwater_positions: {error}");
        Trouble::new(Kind::Mismatch, detail)
    })?;
    Ok(Some(Row { run: row.try_get(0)?, commits: row.try_get(1)?, positions }))
}

/// Begins a run: what an earlier one left is forgotten.
pub(super) async fn begin(
    connection: &Connection,
    owner: &Owner,
    positions: &BTreeMap<Partition, Position>,
) -> Result<(), Trouble> {
    let sql = "INSERT INTO headwater_positions (flow, run, commits, positions) \
        VALUES ($1, $2, 0, $3::text::json) ON CONFLICT (flow) DO UPDATE \
        SET run = excluded.run, commits = 0, positions = excluded.positions, changed = now()";
    connection.execute(sql, &[&owner.flow, &owner.run, &text(positions)]).await?;
    Ok(())
}

/// Says in the open transaction how far the records of it reach. Another process that has gone on with this flow in
/// the meantime has counted further: then nothing of this transaction may stay.
pub(super) async fn advance(
    connection: &Connection,
    owner: &Owner,
    commits: i64,
    positions: &BTreeMap<Partition, Position>,
) -> Result<(), Trouble> {
    let sql = "UPDATE headwater_positions SET commits = commits + 1, positions = $4::text::json, \
        changed = now() WHERE flow = $1 AND run = $2 AND commits = $3";
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&owner.flow, &owner.run, &commits, &text(positions)];
    if connection.execute(sql, &parameters).await? == 1 {
        return Ok(());
    }
    let detail = format!(
        "another process writes as the flow `{}`: stop one of them, or give it another name; restart this one then",
        owner.flow
    );
    Err(Trouble::new(Kind::Mismatch, detail))
}

fn text(positions: &BTreeMap<Partition, Position>) -> String {
    // Names and numbers always have a JSON form.
    serde_json::to_string(positions).unwrap_or_default()
}
