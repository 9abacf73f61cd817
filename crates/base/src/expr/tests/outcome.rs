//! Compiling and running an expression in one go.

use super::super::Expression;

/// All outputs joined by spaces, or the reason there are none.
pub(super) fn map(text: &str, line: &str) -> Result<String, String> {
    let mut out = Vec::new();
    let outputs = Expression::compile(text)?.map(line.as_bytes(), &mut out)?;
    let lines = String::from_utf8(out).unwrap();
    assert_eq!(lines.lines().count() as u64, outputs);
    Ok(lines.lines().collect::<Vec<_>>().join(" "))
}

pub(super) fn test(text: &str, line: &str) -> Result<bool, String> {
    Expression::compile(text)?.test(line.as_bytes())
}
