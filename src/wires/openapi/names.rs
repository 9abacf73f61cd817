//! What things are called in a document.

/// Words that end in an s and are one thing, or that have no other form.
const UNCHANGED: [&str; 4] = ["news", "series", "species", "data"];

/// One of many, as far as a rule can tell: `users` is `user`, `cities` is `city`, `status` stays.
pub(super) fn singular(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    let cut = |bytes: usize| name.get(..name.len().saturating_sub(bytes)).unwrap_or(name);
    let is_unchanged = UNCHANGED.iter().any(|word| ends(word));
    if is_unchanged || ends("ss") || ends("us") || ends("is") || lower.len() < 3 {
        return name.to_owned();
    }
    if ends("ies") {
        return format!("{}y", cut(3));
    }
    if ["ches", "shes", "sses", "xes", "zes"].iter().any(|end| ends(end)) {
        return cut(2).to_owned();
    }
    if ends("s") { cut(1).to_owned() } else { name.to_owned() }
}

/// `order_lines` is `OrderLines`.
pub(super) fn pascal(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(capitalised).collect()
}

/// `order_lines` is `Order Lines`, as FastAPI makes titles.
pub(super) fn title(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words.map(capitalised).collect::<Vec<_>>().join(" ")
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters.flat_map(char::to_lowercase)).collect()
    })
}

/// `/users/{user_id}` is `_users__user_id_`, as FastAPI makes operation ids.
pub(super) fn flat(path: &str) -> String {
    path.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_for_one() {
        for (many, one) in [
            ("users", "user"),
            ("cities", "city"),
            ("boxes", "box"),
            ("addresses", "address"),
            ("status", "status"),
            ("news", "news"),
            ("order_lines", "order_line"),
            ("user", "user"),
            ("bus", "bus"),
            ("as", "as"),
        ] {
            assert_eq!(singular(many), one);
        }
    }

    #[test]
    fn writes_names_in_the_ways_documents_have() {
        assert_eq!(pascal("order_lines"), "OrderLines");
        assert_eq!(pascal("user-service"), "UserService");
        assert_eq!(title("user_id"), "User Id");
        assert_eq!(flat("/users/{user_id}"), "_users__user_id_");
    }
}
