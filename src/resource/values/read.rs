//! Reads one JSON value as what its field wants. Only the type is looked at here.

use crate::formats::json::{Kind, RawText, Scanner};
use crate::resource::{FaultKind, FieldKind, Value, parse};

/// The value that comes next. `Err` when the text is no JSON; inside, what is wrong with the value. JSON stays as it is
/// written.
pub(super) fn checked(
    kind: &FieldKind,
    scanner: &mut Scanner<'_>,
) -> Result<Result<Value, FaultKind>, String> {
    let found = scanner.kind()?;
    let start = scanner.position();
    let wrong = Err(FaultKind::WrongType { expected: kind.name() });
    let value = match (kind, found) {
        (_, Kind::Null) => {
            scanner.word("null")?;
            Ok(Value::Null)
        }
        (FieldKind::Json, _) => {
            scanner.skip()?;
            Ok(Value::Json(scanner.slice(start).into()))
        }
        (FieldKind::Integer, Kind::Number) => parse::integer(scanner.number()?).map(Value::Integer),
        (FieldKind::Float, Kind::Number) => parse::float(scanner.number()?).map(Value::Float),
        (FieldKind::Boolean, Kind::True | Kind::False) => {
            scanner.skip()?;
            Ok(Value::Boolean(found == Kind::True))
        }
        (FieldKind::Integer | FieldKind::Float | FieldKind::Boolean, _) => {
            scanner.skip()?;
            wrong
        }
        (_, Kind::Text) => text(kind, scanner.text()?),
        _ => {
            scanner.skip()?;
            wrong
        }
    };
    Ok(value)
}

fn text(kind: &FieldKind, raw: RawText<'_>) -> Result<Value, FaultKind> {
    let text = raw.decode_exactly().ok_or_else(lone_surrogate)?;
    parse::value(kind, &text)
}

pub(super) fn lone_surrogate() -> FaultKind {
    FaultKind::Malformed("half of a surrogate pair is no character".to_owned())
}

/// The value that comes next, of JSON that was written here.
pub(in crate::resource) fn value(kind: &FieldKind, scanner: &mut Scanner<'_>) -> Option<Value> {
    checked(kind, scanner).ok()?.ok()
}
