//! What one record of a resource is called in the messages of the compatible wires.

/// `users` are made of a `User`, `price_lists` of a `Price list`, `boxes` of a `Box`.
pub fn of_one(resource: &str) -> String {
    let words = resource.replace(['_', '-'], " ");
    let singular = if let Some(stem) = words.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        format!("{stem}y")
    } else if ["sses", "xes", "ches", "shes"].iter().any(|end| words.ends_with(end)) {
        words[..words.len() - "es".len()].to_owned()
    } else if ["ss", "us", "is"].iter().any(|end| words.ends_with(end)) || words.len() < 2 {
        words
    } else {
        words.strip_suffix('s').unwrap_or(&words).to_owned()
    };
    let mut characters = singular.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + characters.as_str()
}

#[cfg(test)]
mod tests {
    use super::of_one;

    #[test]
    fn names_one_of_many() {
        for (resource, one) in [
            ("users", "User"),
            ("user", "User"),
            ("price_lists", "Price list"),
            ("cities", "City"),
            ("ties", "Tie"),
            ("boxes", "Box"),
            ("branches", "Branch"),
            ("addresses", "Address"),
            ("houses", "House"),
            ("bus", "Bus"),
            ("news", "New"),
            ("Éclairs", "Éclair"),
            ("s", "S"),
            ("", ""),
        ] {
            assert_eq!(of_one(resource), one);
        }
    }
}
