//! Reading the `Accept` header as far as the product needs it: JSON or text.

/// Whether the client asks for JSON: it names `application/json` (or a `+json` type) with a higher `q` than
/// `text/plain`, or with the same `q` and earlier. Wildcards and no header at all ask for nothing.
pub fn prefers_json(accept: Option<&str>) -> bool {
    let Some(accept) = accept else { return false };
    let mut json: Option<u16> = None;
    let mut text: Option<u16> = None;
    let mut json_came_first = false;
    for entry in accept.split(',') {
        let mut parts = entry.split(';');
        let kind = parts.next().unwrap_or_default().trim();
        let quality = parts.find_map(quality).unwrap_or(1000);
        if is_json(kind) && json.is_none_or(|known| quality > known) {
            json_came_first = text.is_none();
            json = Some(quality);
        } else if kind.eq_ignore_ascii_case("text/plain") && text.is_none_or(|q| quality > q) {
            text = Some(quality);
        }
    }
    match (json, text) {
        (None | Some(0), _) => false,
        (Some(_), None) => true,
        (Some(json), Some(text)) => json > text || (json == text && json_came_first),
    }
}

fn is_json(kind: &str) -> bool {
    let suffix = kind.len().checked_sub("+json".len()).and_then(|start| kind.get(start..));
    kind.eq_ignore_ascii_case("application/json")
        || (suffix.is_some_and(|end| end.eq_ignore_ascii_case("+json")) && kind.contains('/'))
}

/// The thousandths of a `q=` parameter; a weight that cannot be read counts as 1, as if it were absent.
fn quality(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let weight: f32 = value.trim().parse().ok()?;
    (0.0..=1.0).contains(&weight).then_some((weight * 1000.0).round() as u16)
}

#[cfg(test)]
mod tests {
    use super::prefers_json;

    #[test]
    fn prefers_json_only_where_the_client_asks_for_it() {
        for (accept, expected) in [
            (None, false),
            (Some(""), false),
            (Some("*/*"), false),
            (Some("application/*"), false),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("application/problem+json"), true),
            (Some("application/json, text/plain, */*"), true),
            (Some("text/plain, application/json"), false),
            (Some("text/plain;q=0.5, application/json"), true),
            (Some("text/plain, application/json;q=0.9"), false),
            (Some("application/json;q=0.9, text/plain"), false),
            (Some("application/json;q=0.5, text/plain;q=0.5"), true),
            (Some("application/json;q=0"), false),
            (Some("text/html, application/xhtml+xml, */*;q=0.8"), false),
            (Some("text/html, application/json;q=0.8"), true),
            (Some("application/json;q=nonsense, text/plain;q=0.9"), true),
            (Some("+json"), false),
            (Some(",,;q=,é+json"), false),
            (Some("application/json;Q=0.2, text/plain;q=0.1, application/hal+json;q=0.9"), true),
        ] {
            assert_eq!(prefers_json(accept), expected, "{accept:?}");
        }
    }
}
