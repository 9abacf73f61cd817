//! The reference of the value language: every type with one sentence and an example.

/// One value type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The word a line begins with.
    pub name: &'static str,
    /// One sentence: what it makes, its options and their defaults.
    pub doc: &'static str,
    /// A line that can be used as it is.
    pub example: &'static str,
}

const fn kind(name: &'static str, doc: &'static str, example: &'static str) -> Kind {
    Kind { name, doc, example }
}

pub(super) static KINDS: [Kind; 45] = [
    kind("integer", "Whole numbers, evenly spread, both ends included.", "integer 1..100"),
    kind(
        "float",
        "Numbers evenly spread over a range; with `decimals` exactly that many are written.",
        "float 0..1 decimals 2",
    ),
    kind("uniform", "Another word for `float`.", "uniform -1..1"),
    kind(
        "normal",
        "Normally distributed numbers with `mean` and `sd`; `min` and `max` bound them, as they do \
         in all distributions.",
        "normal mean 20 sd 2 decimals 1",
    ),
    kind(
        "lognormal",
        "Numbers whose logarithm is normal, such as latencies: half lie below `median`, `sigma` is \
         the spread of the logarithm.",
        "lognormal median 12 sigma 0.5 max 1000 decimals 1",
    ),
    kind("exponential", "Waiting times with a given `mean`.", "exponential mean 5 decimals 3"),
    kind("poisson", "How many events happen when `mean` are expected.", "poisson mean 3"),
    kind(
        "pareto",
        "Many small numbers, few huge ones; none below `scale`, and the smaller `shape` the huger.",
        "pareto scale 1 shape 1.5 decimals 2",
    ),
    kind(
        "beta",
        "Numbers between two bounds (0 and 1 unless given) with a peak set by `alpha` and `beta`.",
        "beta 0..100 alpha 2 beta 5 decimals 1",
    ),
    kind(
        "zipf",
        "Whole numbers of which the first are much the likeliest, such as the popularity of pages; \
         `exponent` is 1 unless given.",
        "zipf 1..1000 exponent 1.1",
    ),
    kind(
        "sequence",
        "The number of the record: 1, 2, 3, …, or `from` another one by another `step`.",
        "sequence from 1000 step 10",
    ),
    kind("boolean", "True for half of the records, or for the share given.", "boolean 0.3"),
    kind(
        "choice",
        "One of several values, evenly or by the weight behind each.",
        "choice ok 95, warn 4, error 1",
    ),
    kind("constant", "Always the same text, number, true, false or null.", "constant eu-west"),
    kind(
        "unique",
        "Whole numbers in random order, each once before any comes again.",
        "unique 1..10000",
    ),
    kind("uuid", "A version 4 UUID.", "uuid"),
    kind(
        "ulid",
        "A ULID, sorted like the records; its time begins at the origin, or at `from`, and goes on \
         `every` 1ms unless given.",
        "ulid every 10ms",
    ),
    kind(
        "time",
        "The time of the record: the origin, or `from`, plus one step (`every`, 1s) per record, \
         later by up to the share `jitter` of a step, written as `format` rfc3339, date, unix or \
         unix_ms; or any time `between A and B`.",
        "time from 2026-01-01T00:00:00Z every 1s jitter 0.2",
    ),
    kind(
        "walk",
        "A random walk: starts `from` a value and moves by about `step` per record, turned back at \
         `min` and `max`.",
        "walk from 20 step 0.5 min -10 max 40 decimals 2",
    ),
    kind(
        "wave",
        "A sine of a `period` in records (or a duration, with one record `every` 1s) around `level` \
         by `amplitude`, moved on by `phase` of a period, with normal `noise`.",
        "wave period 24h every 1m amplitude 5 level 20 noise 0.3 decimals 1",
    ),
    kind("text.word", "A word of filler text.", "text.word"),
    kind("text.words", "Three words of filler text, or as many as given.", "text.words 2..5"),
    kind("text.sentence", "A sentence of 5 to 12 words of filler text.", "text.sentence"),
    kind("text.paragraph", "A paragraph of 3 to 6 sentences of filler text.", "text.paragraph"),
    kind(
        "pattern",
        "Text in a form: `[A-Z]` and `\\d` are characters to choose from, `{3}` and `{2,5}` say how \
         many, all else stands for itself.",
        "pattern [A-Z]{3}-[0-9]{4}",
    ),
    kind("person.name", "A full name; 4 of 100 carry a title or suffix.", "person.name"),
    kind("person.first_name", "A first name.", "person.first_name locale fr"),
    kind("person.last_name", "A last name.", "person.last_name locale de 0.3, en 0.7"),
    kind("person.email", "A mail address that belongs to the name.", "person.email"),
    kind("person.username", "A login made of the name.", "person.username"),
    kind("person.phone", "A telephone number.", "person.phone locale it"),
    kind("address", "A whole address on one line.", "address"),
    kind("address.street", "Street and house number of the address.", "address.street"),
    kind("address.city", "The town of the address.", "address.city locale de"),
    kind("address.state", "The state or province of the address.", "address.state"),
    kind("address.postcode", "The postcode of the address.", "address.postcode locale nl"),
    kind("address.country", "Any country, in the language of the locale.", "address.country"),
    kind("company.name", "The name of a company.", "company.name"),
    kind("company.job", "What somebody works as.", "company.job"),
    kind("internet.domain", "A host name below the reserved domain `example`.", "internet.domain"),
    kind("internet.ipv4", "A public IPv4 address.", "internet.ipv4"),
    kind("internet.url", "A web address below the reserved domain `example`.", "internet.url"),
    kind("internet.user_agent", "What a browser calls itself.", "internet.user_agent"),
    kind("geo.latitude", "A latitude, spread evenly over the earth.", "geo.latitude"),
    kind("geo.longitude", "A longitude.", "geo.longitude"),
];
