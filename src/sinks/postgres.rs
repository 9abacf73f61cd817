//! `postgres`: stores records as rows of a table, with the position in the same transaction.

use crate::clients::postgres::giving::{Conflict, Giving, Wanted};
use crate::clients::postgres::table::{self, Line};
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, Repeat, SinkKind, writes_nothing};
use crate::core::limits::COMMIT_BYTES;
use crate::core::options::{Opt, Options, Shape};
use crate::core::sink::Sink;

pub(super) static KIND: SinkKind = SinkKind {
    about: About {
        name: "postgres",
        summary: "Stores records as rows of a PostgreSQL table, each of them once.",
        details: "\
A field is stored in the column of its name, with the column's type; a column without a field gets its default. \
Records are stored many at a time, in one transaction with the position of the flow, which stands in the table \
`headwater_positions`: nothing is lost and nothing stands twice, also when the process, the server or the network \
between them is killed in the middle of a commit. The table is made unless it is there.

A record that can never be stored (a value that does not fit its column, a constraint that is violated, a field \
without a column) becomes a dead letter with the server's words, and its neighbours are stored. With \
`on_conflict: nothing` a row whose key is there stays as it is, with `update` it gets the record's fields.",
        options: &[
            table::URL,
            table::TABLE,
            Opt::with_default(
                "on_conflict",
                Shape::Choice(&["reject", "nothing", "update"]),
                "reject",
                "What becomes of a record whose key is there.",
            ),
            Opt::optional(
                "key",
                Shape::Names,
                "The columns of a unique index by which a conflict is found; otherwise the primary key.",
            ),
            Opt::with_default(
                "unknown_fields",
                Shape::Choice(&["reject", "ignore"]),
                "reject",
                "What becomes of a record with a field that has no column.",
            ),
            table::TIMEOUT,
        ],
        main: None,
        example: "postgres: { url: \"postgres://me@localhost/plant\", table: readings }",
    },
    repeat: Repeat::Never,
    // Several flows may fill one table; each has a position of its own.
    writes: writes_nothing,
    commit_bytes: COMMIT_BYTES,
    build,
};

fn build(options: &Options, context: &Context) -> Result<Box<dyn Sink>, Fault> {
    let wanted = Wanted {
        table: options.text("table").to_owned(),
        conflict: match options.text("on_conflict") {
            "nothing" => Conflict::Nothing,
            "update" => Conflict::Update,
            _ => Conflict::Reject,
        },
        key: options.names("key").to_vec(),
        ignores_unknown: options.text("unknown_fields") == "ignore",
    };
    let flow = format!("{}/{}", context.stack, context.service);
    Ok(Box::new(Giving::new(Line::of(options)?, wanted, flow)))
}
