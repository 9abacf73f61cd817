//! What can go wrong with a server, sorted by what is to be done about it.

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

/// Why something did not work. The detail is for the log; it holds no password and no record.
#[derive(Debug, Clone)]
pub struct Trouble {
    pub kind: Kind,
    pub detail: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The connection is gone, or there was none to be had.
    Lost,
    /// No answer in time: the connection is of no use any more.
    Late,
    /// Who connects is not let in, or not to this database: a person must change something.
    Login,
    /// The table is not what the schema needs: a person must change something.
    Mismatch,
    /// The server broke off a statement that took too long.
    Cancelled,
    /// Somebody else held a lock for too long, or both waited for each other: worth another try.
    Contended,
    /// A value is there already that may be there once; the index that found it.
    Taken(String),
    /// The table does not take a value; the column, where it is known.
    Value(Option<String>),
    Full,
    ReadOnly,
    /// The table was changed under us: it is looked at again.
    Changed,
    /// This role may not do this.
    Forbidden,
    /// Whatever else the server said.
    Broken,
}

impl Trouble {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// The connection cannot be used any more.
    pub fn ends_connection(&self) -> bool {
        use Kind::{Changed, Late, Login, Lost, Mismatch};
        matches!(self.kind, Lost | Late | Login | Mismatch | Changed)
    }

    /// It lasts until a person has changed something.
    pub fn needs_a_person(&self) -> bool {
        matches!(self.kind, Kind::Login | Kind::Mismatch)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error.as_db_error() {
            Some(said) => {
                Self::new(kind_of(said), format!("{} ({})", said.message(), said.code().code()))
            }
            None => Self::new(kind_of_own(&error), words(&error)),
        }
    }
}

fn kind_of(said: &DbError) -> Kind {
    let column = || said.column().map(str::to_owned);
    match said.code().code() {
        // Shutting down, crashed, starting up, out of connections, idle for too long inside a transaction.
        "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "53300" => Kind::Lost,
        "57014" => Kind::Cancelled,
        "55P03" | "40P01" | "40001" => Kind::Contended,
        "23505" => Kind::Taken(said.constraint().unwrap_or_default().to_owned()),
        "53100" => Kind::Full,
        "25006" => Kind::ReadOnly,
        "42501" => Kind::Forbidden,
        // No such table, column or function, another type, a plan for another table, no such statement; a column that
        // is gone may leave a function of its name.
        "42P01" | "42703" | "42883" | "42803" | "42804" | "0A000" | "26000" => Kind::Changed,
        code => match code.get(..2).unwrap_or_default() {
            "08" => Kind::Lost,
            "28" | "3D" => Kind::Login,
            // A value, a constraint, a limit, what a trigger of the table says.
            "22" | "23" | "54" | "P0" | "44" => Kind::Value(column()),
            _ => Kind::Broken,
        },
    }
}

/// What went wrong on this side, or on the way.
fn kind_of_own(error: &Error) -> Kind {
    if error.is_closed() {
        return Kind::Lost;
    }
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(inner) = inner.downcast_ref::<std::io::Error>() {
            // A certificate that is not good is invalid data to the connection.
            let is_certificate = inner.kind() == std::io::ErrorKind::InvalidData;
            return if is_certificate { Kind::Login } else { Kind::Lost };
        }
        source = inner.source();
    }
    let words = error.to_string();
    let is_login = ["invalid configuration", "authentication error", "error performing TLS"];
    if is_login.iter().any(|begin| words.starts_with(begin)) {
        return Kind::Login;
    }
    // A value that does not fit its parameter, or an answer that cannot be read.
    Kind::Broken
}

fn words(error: &Error) -> String {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        let inner_words = inner.to_string();
        if !words.contains(&inner_words) {
            words = format!("{words}: {inner_words}");
        }
        source = inner.source();
    }
    words
}
