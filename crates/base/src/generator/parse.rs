//! From one line of the value language to a value.

use super::business::BusinessPart;
use super::choice::{Boolean, Choice, split_list, weight_of};
use super::clause::{Clause, Fault, nearest};
use super::distribution::Distribution;
use super::identifier::Unique;
use super::instant::{Clock, Time};
use super::internet::InternetPart;
use super::kinds::KINDS;
use super::literal::{self, Literal};
use super::locale::{self, Locale};
use super::number::{Float, Integer, Sequence};
use super::pattern::Pattern;
use super::person::{Locales, PersonPart};
use super::place::PlacePart;
use super::text::Text;
use super::value::{Member, Value};
use super::walk::Walk;
use super::wave::Wave;

/// Reads one line, after its `null` share was taken off. `walks` counts the walks of the schema.
pub(super) fn value(line: &str, walks: &mut usize) -> Result<Value, Fault> {
    let clause = Clause::new(line);
    match clause.kind {
        "boolean" => Boolean::parse(clause).map(Value::Boolean),
        "choice" => Choice::parse(&clause).map(Value::Choice),
        "constant" => constant(clause.rest()),
        "float" | "uniform" => Float::parse(clause).map(Value::Float),
        "integer" => Integer::parse(clause).map(Value::Integer),
        "normal" | "lognormal" | "exponential" | "poisson" | "pareto" | "beta" | "zipf" => {
            Distribution::parse(clause).map(Value::Distribution)
        }
        "geo.latitude" => clause.finish().map(|()| Value::Latitude),
        "geo.longitude" => clause.finish().map(|()| Value::Longitude),
        "pattern" => Pattern::parse(clause.rest()).map(Value::Pattern),
        "sequence" => Sequence::parse(clause).map(Value::Sequence),
        "time" => Time::parse(clause).map(Value::Time),
        "ulid" => Clock::parse(&clause.options(&["from", "every"])?, 1000).map(Value::Ulid),
        "unique" => Unique::parse(clause).map(Value::Unique),
        "uuid" => clause.finish().map(|()| Value::Uuid),
        "walk" => {
            *walks += 1;
            Walk::parse(clause, *walks - 1).map(Value::Walk)
        }
        "wave" => Wave::parse(clause).map(Value::Wave),
        kind if kind.starts_with("text.") && is_known(kind) => Text::parse(clause).map(Value::Text),
        _ => localised(clause),
    }
}

/// The types that take a locale.
fn localised(clause: Clause<'_>) -> Result<Value, Fault> {
    let kind = clause.kind;
    if let Some(part) = person_part(kind) {
        return Ok(Value::Person(member(part, locales(clause)?)));
    }
    if let Some(part) = place_part(kind) {
        return Ok(Value::Place(member(part, locales(clause)?)));
    }
    if let Some(part) = business_part(kind) {
        return Ok(Value::Business(part, locales(clause)?.unwrap_or_else(default_locales)));
    }
    match internet_part(kind) {
        Some(part) => Ok(Value::Internet(part, locales(clause)?.unwrap_or_else(default_locales))),
        None => Err(unknown_kind(kind, clause.rest())),
    }
}

fn member<Part>(part: Part, locales: Option<Locales>) -> Member<Part> {
    let locale_given = locales.is_some();
    Member { part, salt: 0, locales: locales.unwrap_or_else(default_locales), locale_given }
}

fn person_part(kind: &str) -> Option<PersonPart> {
    Some(match kind {
        "person.name" => PersonPart::Name,
        "person.first_name" => PersonPart::FirstName,
        "person.last_name" => PersonPart::LastName,
        "person.email" => PersonPart::Email,
        "person.username" => PersonPart::Username,
        "person.phone" => PersonPart::Phone,
        _ => return None,
    })
}

fn place_part(kind: &str) -> Option<PlacePart> {
    Some(match kind {
        "address" => PlacePart::Line,
        "address.street" => PlacePart::Street,
        "address.city" => PlacePart::City,
        "address.state" => PlacePart::State,
        "address.postcode" => PlacePart::Postcode,
        "address.country" => PlacePart::Country,
        _ => return None,
    })
}

fn business_part(kind: &str) -> Option<BusinessPart> {
    match kind {
        "company.name" => Some(BusinessPart::Name),
        "company.job" => Some(BusinessPart::Job),
        _ => None,
    }
}

fn internet_part(kind: &str) -> Option<InternetPart> {
    Some(match kind {
        "internet.domain" => InternetPart::Domain,
        "internet.ipv4" => InternetPart::Ipv4,
        "internet.url" => InternetPart::Url,
        "internet.user_agent" => InternetPart::UserAgent,
        _ => return None,
    })
}

fn is_known(kind: &str) -> bool {
    KINDS.iter().any(|known| known.name == kind)
}

fn unknown_kind(kind: &str, rest: &str) -> Fault {
    if kind.is_empty() {
        return Fault::new("the value is empty", "write a type, for example `integer 1..100`");
    }
    let message = format!("there is no value type `{kind}`");
    let near = nearest(kind, KINDS.iter().map(|known| known.name)).or_else(|| nearest_part(kind));
    if let Some(near) = near {
        return Fault::new(message, format!("did you mean `{near}`?"));
    }
    let line = [kind, rest].join(" ");
    Fault::new(message, format!("for a fixed value write `constant {}`", line.trim_end()))
}

/// `int` for `integer`, and the last part of a dotted name: `email` for `person.email`.
fn nearest_part(kind: &str) -> Option<&'static str> {
    let names = || KINDS.iter().map(|known| known.name);
    let last = |name: &'static str| name.rsplit('.').next().unwrap_or(name);
    let begun = names().find(|name| kind.len() >= 3 && name.starts_with(kind));
    begun.or_else(|| {
        let part = nearest(kind, names().filter(|name| name.contains('.')).map(last))?;
        names().find(|name| name.contains('.') && last(name) == part)
    })
}

fn constant(text: &str) -> Result<Value, Fault> {
    if text.is_empty() {
        return Err(Fault::new("`constant` needs a value", "write `constant hello`"));
    }
    let (text, bare) = literal::read(text);
    Ok(Value::Constant { literal: Literal::new(text), bare })
}

/// `locale de` or `locale de 0.3, en 0.7`, to the end of the line.
fn locales(mut clause: Clause<'_>) -> Result<Option<Locales>, Fault> {
    if clause.peek() != Some("locale") {
        return clause.options(&["locale"]).map(|_| None);
    }
    clause.word();
    let weighted = split_list(clause.rest()).into_iter().map(weighted_locale);
    let weighted = weighted.collect::<Result<Vec<_>, _>>()?;
    if weighted.iter().map(|(_, weight)| weight).sum::<f64>() <= 0.0 {
        return Err(Fault::new("all weights are 0", "write `locale de 0.3, en 0.7`"));
    }
    Ok(Some(Locales::new(&weighted)))
}

fn weighted_locale(text: &str) -> Result<(&'static Locale, f64), Fault> {
    let mut words = text.split_whitespace();
    let code = words.next().unwrap_or_default();
    let weight = match (words.next(), words.next()) {
        (None, _) => 1.0,
        (Some(word), None) => weight_of(code, word)?,
        (_, Some(extra)) => {
            return Err(Fault::new(
                format!("`locale` does not know `{extra}`"),
                "write `locale de 0.3, en 0.7`",
            ));
        }
    };
    if code.is_empty() {
        return Err(Fault::new("`locale` has no value", "write `locale de`"));
    }
    let locale = locale::find(code).ok_or_else(|| {
        let message = format!("there is no locale `{code}`");
        Fault::new(
            message,
            format!("choose from {}", locale::codes().collect::<Vec<_>>().join(", ")),
        )
    })?;
    Ok((locale, weight))
}

fn default_locales() -> Locales {
    let english = locale::find("en").map(|locale| (locale, 1.0));
    Locales::new(&english.into_iter().collect::<Vec<_>>())
}
