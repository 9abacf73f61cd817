//! Whether a value of the right type is one that its field may hold, and the bounds that every field has.

use crate::resource::{FaultKind, Field, FieldKind, Value, embedded};

/// Characters of a text that a store must find: an index of `PostgreSQL` takes 2704 bytes, and a resource is the same
/// on every store.
pub const INDEXED_LENGTH: u64 = 512;

/// Characters of a text that a pattern is tried on, so that a request takes milliseconds of it and not seconds.
pub const PATTERN_LENGTH: u64 = 16 * 1024;

/// Checks the limits of a field alone: the value has the field's type, or is null, which is no limit's matter. The
/// first fault is told.
pub fn check(field: &Field, value: &Value, keeps_nul: bool) -> Result<(), FaultKind> {
    faults(field, value, keeps_nul).into_iter().next().map_or(Ok(()), Err)
}

/// Every fault; nothing is allocated where there is none.
pub(in crate::resource) fn faults(field: &Field, value: &Value, keeps_nul: bool) -> Vec<FaultKind> {
    let mut found = Vec::new();
    match value {
        Value::Integer(number) => range(field, *number as f64, &mut found),
        Value::Float(number) => range(field, *number, &mut found),
        Value::Text(text) => {
            if !keeps_nul && text.contains('\0') {
                found.push(FaultKind::Nul);
            }
            text_faults(field, text, &mut found);
        }
        Value::Json(text) if !keeps_nul && embedded::has_nul(text) => found.push(FaultKind::Nul),
        _ => {}
    }
    found
}

fn range(field: &Field, number: f64, found: &mut Vec<FaultKind>) {
    if let Some(minimum) = field.limits.minimum.filter(|minimum| number < *minimum) {
        found.push(FaultKind::TooSmall { minimum });
    }
    if let Some(maximum) = field.limits.maximum.filter(|maximum| number > *maximum) {
        found.push(FaultKind::TooLarge { maximum });
    }
}

fn text_faults(field: &Field, text: &str, found: &mut Vec<FaultKind>) {
    if let FieldKind::Choice(choices) = &field.kind
        && !choices.iter().any(|choice| choice == text)
    {
        found.push(FaultKind::Choice { choices: choices.clone() });
    }
    let limits = &field.limits;
    let is_found = field.is_unique || field.is_indexed;
    let bounds = [
        limits.max_length,
        is_found.then_some(INDEXED_LENGTH),
        limits.pattern.as_ref().map(|_| PATTERN_LENGTH),
    ];
    let maximum = bounds.into_iter().flatten().min();
    if maximum.is_none() && limits.min_length.is_none() {
        return;
    }
    let length = text.chars().count() as u64;
    if let Some(minimum) = limits.min_length.filter(|minimum| length < *minimum) {
        found.push(FaultKind::TooShort { minimum });
    }
    if let Some(maximum) = maximum.filter(|maximum| length > *maximum) {
        found.push(FaultKind::TooLong { maximum });
        return;
    }
    if let Some(pattern) = limits.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
        found.push(FaultKind::Pattern { pattern: pattern.as_str().to_owned() });
    }
}

/// What the text of a key must be beside: it stands in a path, and every store finds records by it.
pub(in crate::resource) fn key_fault(value: &Value) -> Option<FaultKind> {
    match value {
        Value::Text(text) if text.is_empty() => Some(FaultKind::TooShort { minimum: 1 }),
        Value::Text(text) if text.chars().count() as u64 > INDEXED_LENGTH => {
            Some(FaultKind::TooLong { maximum: INDEXED_LENGTH })
        }
        _ => None,
    }
}
