//! What things are called in a document.

use crate::wires::noun;

/// `order_line` for `order_lines`, as identifiers have it.
pub(super) fn identifier(resource: &str) -> String {
    noun::of_one(resource).to_lowercase().replace(' ', "_")
}

/// `order_lines` is `OrderLines`, and `Order line` is `OrderLine`.
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
    fn writes_names_in_the_ways_documents_have() {
        assert_eq!(identifier("order_lines"), "order_line");
        assert_eq!(pascal("Order line"), "OrderLine");
        assert_eq!(pascal("order_lines"), "OrderLines");
        assert_eq!(pascal("user-service"), "UserService");
        assert_eq!(title("user_id"), "User Id");
        assert_eq!(flat("/users/{user_id}"), "_users__user_id_");
    }
}
