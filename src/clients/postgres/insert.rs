//! Records as rows: what of a record fits which column, and statements that store many rows at once or find the few
//! that can never be stored.

use super::connection::Connection;
use super::table::{Table, quoted};
use super::trouble::{Kind, Trouble};
use crate::core::record::Rejected;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap, HashSet};
use tokio_postgres::Statement;

/// Statements kept for one connection, one for each set of columns that records have.
const STATEMENTS: usize = 64;

/// What becomes of a row whose key is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// It becomes a dead letter.
    Reject,
    /// The one that is there stays.
    Nothing,
    /// It replaces what the record names of the one that is there.
    Update,
}

/// How records become rows.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub conflict: Conflict,
    /// The columns by which a conflict is found.
    pub key: Vec<String>,
    /// Fields without a column are left out instead of making the record a dead letter.
    pub ignores_unknown: bool,
}

/// Records that name the same columns and different keys: one statement stores them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run<'a> {
    pub columns: Vec<String>,
    pub lines: Vec<&'a [u8]>,
}

/// Sorts lines into runs, in their order.
pub(super) fn runs<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    table: &Table,
    manner: &Manner,
    rejected: &mut Vec<Rejected>,
) -> Vec<Run<'a>> {
    let mut runs: Vec<Run> = Vec::new();
    let mut keys: HashSet<String> = HashSet::new();
    for line in lines {
        let (columns, key) = match look(line, table, manner) {
            Ok(found) => found,
            Err(reason) => {
                rejected.push(Rejected { record: line.to_vec(), reason });
                continue;
            }
        };
        // No statement may update a row twice.
        let is_new = manner.conflict != Conflict::Update || !keys.contains(&key);
        if let Some(run) = runs.last_mut().filter(|run| is_new && run.columns == columns) {
            run.lines.push(line);
        } else {
            keys.clear();
            runs.push(Run { columns, lines: vec![line] });
        }
        keys.insert(key);
    }
    runs
}

/// The columns that a record names, and the text of its key.
fn look(line: &[u8], table: &Table, manner: &Manner) -> Result<(Vec<String>, String), String> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(line)
        .map_err(|error| format!("the record is no JSON object: {error}"))?;
    let mut columns = Vec::with_capacity(fields.len());
    for name in fields.keys() {
        match table.column(name) {
            Some(column) if !column.is_generated => columns.push(name.clone()),
            _ if manner.ignores_unknown => {}
            Some(_) => return Err(format!("the column `{name}` makes its values itself")),
            None => return Err(format!("the table {} has no column `{name}`", table.name)),
        }
    }
    if columns.is_empty() {
        return Err(format!("the record has no field for a column of {}", table.name));
    }
    let key: Vec<&str> =
        manner.key.iter().filter_map(|name| fields.get(name).map(|value| value.get())).collect();
    Ok((columns, key.join("\n")))
}

fn statement(columns: &[String], table: &Table, manner: &Manner) -> String {
    let names: Vec<String> = columns.iter().map(|name| quoted(name)).collect();
    let typed: Vec<String> = columns
        .iter()
        .filter_map(|name| table.column(name))
        .map(|column| format!("{} {}", quoted(&column.name), column.type_name))
        .collect();
    let key: Vec<String> = manner.key.iter().map(|name| quoted(name)).collect();
    let key = key.join(", ");
    let others: Vec<String> = columns
        .iter()
        .filter(|name| !manner.key.contains(name))
        .map(|name| format!("{0} = excluded.{0}", quoted(name)))
        .collect();
    let conflict = match manner.conflict {
        Conflict::Reject => String::new(),
        Conflict::Nothing if key.is_empty() => " ON CONFLICT DO NOTHING".to_owned(),
        Conflict::Nothing => format!(" ON CONFLICT ({key}) DO NOTHING"),
        Conflict::Update if others.is_empty() => format!(" ON CONFLICT ({key}) DO NOTHING"),
        Conflict::Update => format!(" ON CONFLICT ({key}) DO UPDATE SET {}", others.join(", ")),
    };
    let (names, typed, table) = (names.join(", "), typed.join(", "), &table.name);
    format!(
        "INSERT INTO {table} ({names}) SELECT {names} \
         FROM json_to_recordset($1::text::json) AS records ({typed}){conflict}"
    )
}

/// What inserts into one table over one connection.
#[derive(Debug)]
pub(super) struct Inserter {
    pub table: Table,
    pub manner: Manner,
    statements: HashMap<Vec<String>, Statement>,
}

impl Inserter {
    pub(super) fn new(table: Table, manner: Manner) -> Self {
        Self { table, manner, statements: HashMap::new() }
    }

    /// Stores a run inside the open transaction; what can never be stored is left out and told.
    pub(super) async fn insert(
        &mut self,
        connection: &Connection,
        run: &Run<'_>,
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), Trouble> {
        let statement = self.prepared(connection, &run.columns).await?;
        // Halves that are still to be stored, the first one on top.
        let mut parts: Vec<&[&[u8]]> = vec![run.lines.as_slice()];
        while let Some(part) = parts.pop() {
            connection.batch_execute("SAVEPOINT part").await?;
            let json = [b"[".as_slice(), &part.join(&b","[..]), b"]"].concat();
            let json = String::from_utf8(json)
                .map_err(|error| Trouble::new(Kind::Broken, error.to_string()))?;
            let stored = connection.execute(&statement, &[&json]).await.map_err(Trouble::from);
            let Err(trouble) = stored else {
                connection.batch_execute("RELEASE part").await?;
                continue;
            };
            if !matches!(trouble.kind, Kind::Value(_) | Kind::Taken(_)) {
                return Err(trouble);
            }
            connection.batch_execute("ROLLBACK TO part; RELEASE part").await?;
            if let [line] = part {
                rejected.push(Rejected { record: line.to_vec(), reason: trouble.detail });
            } else {
                let (first, second) = part.split_at(part.len() / 2);
                parts.extend([second, first]);
            }
        }
        Ok(())
    }

    async fn prepared(
        &mut self,
        connection: &Connection,
        columns: &[String],
    ) -> Result<Statement, Trouble> {
        if let Some(statement) = self.statements.get(columns) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        let sql = statement(columns, &self.table, &self.manner);
        let prepared = connection.prepare(&sql).await?;
        self.statements.insert(columns.to_vec(), prepared.clone());
        Ok(prepared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::postgres::table::Column;

    fn table() -> Table {
        let column = |name: &str, type_name: &str, is_generated| Column {
            name: name.into(),
            type_name: type_name.into(),
            is_generated,
        };
        Table {
            id: 1,
            name: "public.things".into(),
            columns: vec![
                column("id", "bigint", false),
                column("a \"b\"", "numeric(4,2)", false),
                column("made", "bigint", true),
            ],
            key: vec!["id".into()],
            unique: vec!["id".into()],
        }
    }

    fn manner(conflict: Conflict) -> Manner {
        Manner { conflict, key: vec!["id".into()], ignores_unknown: false }
    }

    #[test]
    fn records_are_stored_together_while_they_name_the_same_columns_and_other_keys() {
        let lines: [&[u8]; 5] = [
            b"{\"id\":1}",
            b"{\"id\":2}",
            b"{\"id\":2}",
            b"{\"a \\\"b\\\"\":1,\"id\":3}",
            b"{\"id\":4}",
        ];
        let sizes = |conflict| {
            let mut rejected = Vec::new();
            let found = runs(lines.into_iter(), &table(), &manner(conflict), &mut rejected);
            assert!(rejected.is_empty(), "{rejected:?}");
            found.iter().map(|run| run.lines.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(Conflict::Reject), [3, 1, 1]);
        assert_eq!(sizes(Conflict::Update), [2, 1, 1, 1]);
    }

    #[test]
    fn what_has_no_column_is_told() {
        let lines: [&[u8]; 4] = [b"{\"id\":1,\"x\":1}", b"[1]", b"{\"made\":1}", b"{}"];
        let mut rejected = Vec::new();
        let found = runs(lines.into_iter(), &table(), &manner(Conflict::Reject), &mut rejected);
        assert!(found.is_empty());
        let reasons: Vec<&str> = rejected.iter().map(|it| it.reason.as_str()).collect();
        assert!(reasons[0].contains("no column `x`"), "{reasons:?}");
        assert!(reasons[1].contains("no JSON object"), "{reasons:?}");
        assert!(reasons[2].contains("makes its values itself"), "{reasons:?}");
        assert!(reasons[3].contains("no field for a column"), "{reasons:?}");
    }

    #[test]
    fn the_statement_types_and_quotes_what_it_names() {
        let columns = ["id".to_owned(), "a \"b\"".to_owned()];
        let sql = statement(&columns, &table(), &manner(Conflict::Update));
        assert_eq!(
            sql,
            "INSERT INTO public.things (\"id\", \"a \"\"b\"\"\") SELECT \"id\", \"a \"\"b\"\"\" \
             FROM json_to_recordset($1::text::json) AS records (\"id\" bigint, \"a \"\"b\"\"\" numeric(4,2)) \
             ON CONFLICT (\"id\") DO UPDATE SET \"a \"\"b\"\"\" = excluded.\"a \"\"b\"\"\""
        );
    }
}
