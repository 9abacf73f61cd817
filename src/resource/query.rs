//! The query string of a list: filters, sort, fields, page.
//!
//! | parameter | means |
//! |---|---|
//! | `age=18`, `age=eq.18` | equal; a text that begins like a comparison needs `eq.` before it |
//! | `age=gte.18` | also `lt`, `lte`, `gt`, `neq`; several of them on one field must all hold |
//! | `name=in.(a,"b,c")` | one of these; quotes around an item with a comma, `\` before a quote |
//! | `name=like.*x*` | `*` stands for any characters; for texts |
//! | `age=is.null` | holds null |
//! | `age=not.in.(1,2)` | `not.` before any comparison |
//! | `where.limit=gte.5` | a filter on a field that is named like one of the parameters below |
//! | `sort=-age,name` | by these fields, `-` for descending, then by the key |
//! | `fields=name,age` | only these fields, in this order |
//! | `limit=50` | records of a page, 1 to 1000, usually 100 |
//! | `after=…` | the page behind this cursor |
//! | `count=exact` | how many there are in all |

use crate::core::words::nearest;
use crate::formats::form::decode_query;
use crate::resource::values::input;
use crate::resource::{
    Condition, Cursor, FaultKind, FieldFault, FieldKind, ListQuery, Order, Schema, Sort, filter,
};

/// Records of a page when the client does not say, and at most.
pub const USUAL_LIMIT: usize = 100;
pub const LARGEST_LIMIT: usize = 1000;

/// Filters of one query: each becomes a part of one expression of a store, whose depth has a bound.
const MAX_FILTERS: usize = 100;

/// Letters of a name for which a nearest word is looked for.
const LONGEST_NAME: usize = 64;

const PARAMETERS: [&str; 5] = ["sort", "fields", "limit", "after", "count"];

/// In front of a field's name that would be taken for one of the parameters.
const PREFIX: &str = "where.";

/// What a client asks of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRequest {
    pub query: ListQuery,
    /// Only these, each by its place in the schema; all when none.
    pub fields: Option<Vec<usize>>,
    /// The number of all records is wanted too.
    pub count: bool,
}

/// Reads a query string, percent signs and all; everything wrong is told at once.
pub fn parse(schema: &Schema, query: &str) -> Result<ListRequest, Vec<FieldFault>> {
    let mut reading = Reading { schema, conditions: Vec::new(), faults: Vec::new() };
    let mut given: [Option<String>; PARAMETERS.len()] = Default::default();
    for (name, value) in decode_query(query) {
        match PARAMETERS.iter().position(|parameter| *parameter == name) {
            Some(place) if given[place].is_some() => {
                reading.fault(&name, FaultKind::Repeated, &value);
            }
            Some(place) => given[place] = Some(value),
            None => reading.filter(&name, &value),
        }
    }
    let [sort, fields, limit, after, count] = given;
    let order = sort.map_or_else(Vec::new, |sort| reading.sort(&sort));
    let order = Order::Fields(order);
    let fields = fields.map(|fields| reading.fields(&fields));
    let limit = limit.map_or(USUAL_LIMIT, |limit| reading.limit(&limit));
    let after = after.and_then(|after| reading.after(&after, &order));
    let count = count.is_some_and(|count| reading.count(&count));
    if !reading.faults.is_empty() {
        return Err(reading.faults);
    }
    let query = ListQuery { conditions: reading.conditions, order, after, limit };
    Ok(ListRequest { query, fields, count })
}

/// What was read of the filters, and all faults.
struct Reading<'a> {
    schema: &'a Schema,
    conditions: Vec<Condition>,
    faults: Vec<FieldFault>,
}

impl Reading<'_> {
    fn fault(&mut self, parameter: &str, kind: FaultKind, sent: &str) {
        if self.faults.len() < crate::resource::validate::MAX_FAULTS {
            let field = input::beginning(parameter);
            self.faults.push(FieldFault { field, kind, input: Some(input::of_text(sent)) });
        }
    }

    fn filter(&mut self, name: &str, text: &str) {
        let field = name.strip_prefix(PREFIX).unwrap_or(name);
        let Some(position) = self.schema.position(field) else {
            let words: &[&str] = if field == name { &PARAMETERS } else { &[] };
            let kind = FaultKind::Unknown { nearest: self.nearest(field, words) };
            return self.fault(name, kind, text);
        };
        let Some(found) = self.schema.fields.get(position) else { return };
        if self.conditions.len() >= MAX_FILTERS {
            let reason = format!("a list has at most {MAX_FILTERS} filters");
            return self.fault(name, FaultKind::Malformed(reason), text);
        }
        match filter::parse(&found.kind, text) {
            Ok((comparison, is_negated)) => {
                self.conditions.push(Condition { field: position, comparison, is_negated });
            }
            Err(kind) => self.fault(name, kind, text),
        }
    }

    fn nearest(&self, name: &str, words: &[&str]) -> Option<String> {
        let fields = self.schema.fields.iter().map(|field| field.name.as_str());
        let is_short = name.len() <= LONGEST_NAME;
        let nearest = is_short.then(|| nearest(name, fields.chain(words.iter().copied())))?;
        nearest.map(str::to_owned)
    }

    /// The field of one item of a list of names, unless it stood there before.
    fn named(&mut self, parameter: &str, name: &str, before: &[usize]) -> Option<usize> {
        match self.schema.position(name) {
            Some(position) if before.contains(&position) => {
                self.fault(parameter, FaultKind::Repeated, name);
                None
            }
            Some(position) => Some(position),
            None => {
                let kind = FaultKind::Unknown { nearest: self.nearest(name, &[]) };
                self.fault(parameter, kind, name);
                None
            }
        }
    }

    fn sort(&mut self, text: &str) -> Vec<Sort> {
        let mut sorts: Vec<Sort> = Vec::new();
        for item in text.split(',') {
            let (name, is_descending) = match item.strip_prefix('-') {
                Some(name) => (name, true),
                None => (item, false),
            };
            let before: Vec<usize> = sorts.iter().map(|sort| sort.field).collect();
            let Some(field) = self.named("sort", name, &before) else { continue };
            if self.schema.fields.get(field).is_some_and(|field| field.kind == FieldKind::Json) {
                let reason = "a json field has no order".to_owned();
                self.fault("sort", FaultKind::Malformed(reason), item);
            }
            sorts.push(Sort { field, is_descending });
        }
        sorts
    }

    fn fields(&mut self, text: &str) -> Vec<usize> {
        let mut fields = Vec::new();
        for name in text.split(',') {
            fields.extend(self.named("fields", name, &fields));
        }
        fields
    }

    fn limit(&mut self, text: &str) -> usize {
        let kind = match text.parse::<i64>() {
            Ok(limit) if limit < 1 => FaultKind::TooSmall { minimum: 1.0 },
            Ok(limit) if limit > LARGEST_LIMIT as i64 => {
                FaultKind::TooLarge { maximum: LARGEST_LIMIT as f64 }
            }
            Ok(limit) => return limit as usize,
            Err(_) => FaultKind::WrongType { expected: FieldKind::Integer.name() },
        };
        self.fault("limit", kind, text);
        USUAL_LIMIT
    }

    fn after(&mut self, text: &str, order: &Order) -> Option<Cursor> {
        let cursor = Cursor::decode(text, self.schema, order);
        if cursor.is_none() {
            let reason = "this is no cursor of this list with this `sort`: begin without `after`, and \
                          take what `next` says as it is";
            self.fault("after", FaultKind::Malformed(reason.to_owned()), text);
        }
        cursor
    }

    fn count(&mut self, text: &str) -> bool {
        if text != "exact" {
            self.fault("count", FaultKind::Choice { choices: vec!["exact".to_owned()] }, text);
        }
        true
    }
}
