//! `postgres`: follows the new rows of a table.

use crate::clients::postgres::table::{self, Line};
use crate::clients::postgres::taking::{Taking, Wanted};
use crate::core::context::Context;
use crate::core::fault::Fault;
use crate::core::kind::{About, BuiltSource, Replay, SourceKind};
use crate::core::options::{Opt, Options, Shape};

pub(super) static KIND: SourceKind = SourceKind {
    about: About {
        name: "postgres",
        summary: "Follows the new rows of a PostgreSQL table in the order of a growing key.",
        details: "\
A row is a record with the table's columns. `key` is a column that grows from row to row and alone tells rows apart, \
such as an identity or a `bigserial`. The last key is kept in the checkpoint. Rows that are changed or deleted later \
are not told of.

Keys are given out in one order and committed in another. So that no row is passed over, the newest key is believed \
only once every transaction has ended that held a lock for writing to the table when the key was seen: a smaller one \
cannot appear then. A writer that does not end keeps later rows back, and the log says which. This holds for keys that \
the table's default makes in the `INSERT` (an identity, `nextval`), from a sequence without `CACHE`. Where a program \
chooses its keys before it inserts, or the key is a time such as `now()`, say with `settle` how long that may take.

The table is looked at every `every`, and at once when a notification comes on the channel `notify`, for example from \
a trigger with `pg_notify('readings', '')`. It must be the primary: a standby does not show who writes.",
        options: &[
            table::URL,
            table::TABLE,
            Opt::required("key", Shape::Text, "The column by whose order rows are read."),
            Opt::optional("columns", Shape::Names, "The columns that a record has; otherwise all."),
            Opt::with_default("every", Shape::Duration, "1s", "Time from one look to the next."),
            Opt::optional("notify", Shape::Text, "A channel whose notifications wake this source."),
            Opt::with_default(
                "from",
                Shape::Choice(&["start", "now"]),
                "start",
                "Whether a flow without a checkpoint begins with the first row, or with the next one.",
            ),
            Opt::with_default(
                "settle",
                Shape::Duration,
                "0s",
                "How long the newest key must have been there before it is believed.",
            ),
            table::TIMEOUT,
        ],
        main: None,
        example: "postgres: { url: \"postgres://me@localhost/plant\", table: readings, key: id }",
    },
    replay: Replay::Again,
    build,
};

fn build(options: &Options, context: &Context) -> Result<BuiltSource, Fault> {
    let wanted = Wanted {
        table: options.text("table").to_owned(),
        key: options.text("key").to_owned(),
        columns: options.names("columns").to_vec(),
        every: options.duration("every"),
        notify: options.text_if("notify").map(str::to_owned),
        starts_now: options.text("from") == "now",
        settle: options.duration("settle"),
        batch_bytes: context.batch_bytes(),
    };
    Ok(BuiltSource::Read(Box::new(Taking::new(Line::of(options)?, wanted))))
}
