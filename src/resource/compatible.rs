//! What a changed schema asks of the records that are there: carried out when nothing can be lost or become invalid,
//! refused with the remedy otherwise.

use crate::resource::{Field, FieldKind, FieldLimits, Schema};

/// What a store does to its table when the schema has changed. Fields are named by their places in the new schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// New fields. A record that is there gets the field's default, or null where it has none.
    pub added: Vec<usize>,
    /// Refused by the store when two records hold the same value.
    pub new_unique: Vec<usize>,
    pub dropped_unique: Vec<usize>,
    pub new_indexes: Vec<usize>,
    pub dropped_indexes: Vec<usize>,
    /// The schemas are equal: there is nothing to do, not even to keep the new one.
    pub is_unchanged: bool,
}

/// Compares the schema that a store was made with to the one it shall have. Every reason against it is told at once.
pub fn compare(old: &Schema, new: &Schema) -> Result<Plan, Vec<String>> {
    let mut plan = Plan { is_unchanged: old == new, ..Plan::default() };
    let mut refused = key_changes(old, new);
    for field in &old.fields {
        if new.position(&field.name).is_none() {
            refused.push(format!(
                "field `{0}` is gone from `{1}` and its values would be lost: put it back, or {MOVE}",
                field.name, new.name
            ));
        }
    }
    for (position, field) in new.fields.iter().enumerate() {
        let before = old.position(&field.name).and_then(|before| old.fields.get(before));
        let Some(before) = before else {
            plan.added.push(position);
            note(&mut plan, position, (false, false), field);
            if field.is_required && field.default.is_none() {
                refused.push(format!(
                    "new field `{}` is required, but the records that are there have none: give it a \
                     `default:`, or make it not required",
                    field.name
                ));
            }
            continue;
        };
        note(&mut plan, position, (before.is_unique, before.is_indexed), field);
        refused.extend(narrowed(before, field));
    }
    if refused.is_empty() { Ok(plan) } else { Err(refused) }
}

/// The end of a message about a change that only a copy can make.
const MOVE: &str = "copy the records into a new store with `headwater move`";

fn note(plan: &mut Plan, position: usize, (was_unique, was_indexed): (bool, bool), field: &Field) {
    match (was_unique, field.is_unique) {
        (false, true) => plan.new_unique.push(position),
        (true, false) => plan.dropped_unique.push(position),
        _ => {}
    }
    match (was_indexed, field.is_indexed) {
        (false, true) => plan.new_indexes.push(position),
        (true, false) => plan.dropped_indexes.push(position),
        _ => {}
    }
}

fn key_changes(old: &Schema, new: &Schema) -> Vec<String> {
    let (before, after) = (old.key_field(), new.key_field());
    if before.name != after.name {
        let names = (&before.name, &after.name);
        return vec![format!("the key was `{}` and shall be `{}`: {MOVE}", names.0, names.1)];
    }
    // A uuid is made by the server, an integer by the table.
    if old.key_is_generated != new.key_is_generated && after.kind == FieldKind::Integer {
        let (was, shall) =
            if new.key_is_generated { ("given", "generated") } else { ("generated", "given") };
        return vec![format!("the key `{}` was {was} and shall be {shall}: {MOVE}", after.name)];
    }
    Vec::new()
}

/// Why records that are there might not be valid any more.
fn narrowed(old: &Field, new: &Field) -> Vec<String> {
    let mut refused = Vec::new();
    if let Some(reason) = kind_change(&old.kind, &new.kind) {
        refused.push(format!("field `{}` {reason}", new.name));
        return refused;
    }
    if new.is_required && !old.is_required {
        refused.push(format!(
            "field `{}` shall be required, but records may hold null there: fill them, and {MOVE}",
            new.name
        ));
    }
    for limit in narrowed_limits(&old.limits, &new.limits) {
        refused.push(format!(
            "the limit `{limit}` of field `{}` is narrower than before, and records may be beyond it: keep \
             it, or {MOVE}",
            new.name
        ));
    }
    refused
}

fn kind_change(old: &FieldKind, new: &FieldKind) -> Option<String> {
    match (old, new) {
        (FieldKind::Choice(before), FieldKind::Choice(after)) => {
            let gone: Vec<&str> =
                before.iter().filter(|word| !after.contains(word)).map(String::as_str).collect();
            (!gone.is_empty()).then(|| {
                let gone = gone.join("`, `");
                format!("may not be `{gone}` any more, but records may be: put it back, or {MOVE}")
            })
        }
        (FieldKind::Choice(_), FieldKind::Text) => None,
        (before, after) if before == after => None,
        (before, after) => {
            Some(format!("was {} and shall be {}: {MOVE}", before.name(), after.name()))
        }
    }
}

fn narrowed_limits(old: &FieldLimits, new: &FieldLimits) -> Vec<&'static str> {
    let limits = [
        ("min", is_raised(old.minimum, new.minimum)),
        ("max", is_lowered(old.maximum, new.maximum)),
        ("min_length", is_raised(old.min_length, new.min_length)),
        ("max_length", is_lowered(old.max_length, new.max_length)),
        ("pattern", new.pattern.is_some() && new.pattern != old.pattern),
    ];
    limits.into_iter().filter(|(_, is_narrower)| *is_narrower).map(|(name, _)| name).collect()
}

fn is_raised<T: PartialOrd>(old: Option<T>, new: Option<T>) -> bool {
    new.is_some_and(|new| old.is_none_or(|old| new > old))
}

fn is_lowered<T: PartialOrd>(old: Option<T>, new: Option<T>) -> bool {
    new.is_some_and(|new| old.is_none_or(|old| new < old))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Pattern, Value};

    fn field(name: &str, kind: FieldKind) -> Field {
        Field {
            name: name.to_owned(),
            kind,
            is_required: false,
            default: None,
            is_unique: false,
            is_indexed: false,
            limits: FieldLimits::default(),
        }
    }

    fn schema() -> Schema {
        let colour = FieldKind::Choice(vec!["red".into(), "blue".into()]);
        let mut name = field("name", FieldKind::Text);
        name.limits.max_length = Some(10);
        let fields = vec![
            field("id", FieldKind::Integer),
            name,
            field("age", FieldKind::Integer),
            field("colour", colour),
        ];
        Schema { name: "users".into(), fields, key: 0, key_is_generated: false }
    }

    fn changed(change: impl FnOnce(&mut Schema)) -> Result<Plan, Vec<String>> {
        let mut new = schema();
        change(&mut new);
        compare(&schema(), &new)
    }

    #[test]
    fn carries_out_what_loses_nothing() {
        assert!(changed(|_| ()).unwrap().is_unchanged);
        let plan = changed(|new| {
            let mut joined = field("joined", FieldKind::Time);
            joined.is_required = true;
            joined.is_indexed = true;
            joined.default = Some(Value::Time(0));
            new.fields.insert(1, joined);
            new.fields[2].limits.max_length = Some(20);
            new.fields[2].is_unique = true;
            new.fields[4].kind = FieldKind::Text;
            new.key = 0;
        })
        .unwrap();
        let expected =
            Plan { added: vec![1], new_unique: vec![2], new_indexes: vec![1], ..Plan::default() };
        assert_eq!(plan, expected);
        let FieldKind::Choice(mut colours) = schema().fields[3].kind.clone() else { panic!() };
        colours.insert(0, "green".into());
        let plan = changed(|new| new.fields[3].kind = FieldKind::Choice(colours)).unwrap();
        assert_eq!(plan, Plan::default());
    }

    #[test]
    fn tells_every_reason_against_it_at_once() {
        let told = changed(|new| {
            new.fields.remove(2);
            new.fields[1].is_required = true;
            new.fields[1].limits.max_length = Some(9);
            new.fields[1].limits.pattern = Some(Pattern::new("a*").unwrap());
            new.fields[2].kind = FieldKind::Choice(vec!["red".into()]);
            let mut email = field("email", FieldKind::Text);
            email.is_required = true;
            new.fields.push(email);
            new.key_is_generated = true;
        })
        .unwrap_err();
        let begin: Vec<String> = told.iter().map(|text| text.chars().take(30).collect()).collect();
        assert_eq!(told.len(), 7, "{begin:?}");
        for part in ["`age` is gone", "`name` shall be required", "`max_length`", "`pattern`"] {
            assert!(told.iter().any(|text| text.contains(part)), "{part}");
        }
        for part in ["`blue` any more", "new field `email` is required", "shall be generated"] {
            assert!(told.iter().any(|text| text.contains(part)), "{part}");
        }
        let told = changed(|new| new.key = 1).unwrap_err();
        assert!(told[0].starts_with("the key was `id` and shall be `name`"), "{told:?}");
        let told = changed(|new| new.fields[2].kind = FieldKind::Float).unwrap_err();
        assert!(told[0].contains("was integer and shall be float"), "{told:?}");
    }
}
