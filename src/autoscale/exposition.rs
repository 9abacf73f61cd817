//! The text of `/metrics`, read back: names, labels, values.

/// One line.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'a> {
    pub name: &'a str,
    labels: Vec<(&'a str, String)>,
    pub value: f64,
}

impl Line<'_> {
    pub(super) fn label(&self, wanted: &str) -> Option<&str> {
        self.labels.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str())
    }
}

/// All that are lines; what is none is passed over.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(line)
}

fn line(line: &str) -> Option<Line<'_>> {
    let Some((name, mut rest)) = line.split_once('{') else {
        let (name, value) = line.split_once(' ')?;
        return Some(Line { name, labels: Vec::new(), value: value.trim().parse().ok()? });
    };
    let mut labels = Vec::new();
    while !rest.starts_with('}') {
        let (label, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.push((label.trim_start_matches(','), value));
        rest = after;
    }
    let value = rest.get(1..)?.split_whitespace().next()?.parse().ok()?;
    Some(Line { name, labels, value })
}

/// Up to the quote that ends it, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, c) in text.char_indices() {
        match c {
            'n' if is_escaped => value.push('\n'),
            _ if is_escaped => value.push(c),
            '\\' => {}
            '"' => return Some((value, text.get(at + 1..)?)),
            _ => value.push(c),
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_and_without_labels_are_read_and_the_rest_is_passed_over() {
        let text = "# HELP a b\n# TYPE a gauge\na 1.5\n\
                    b{service=\"x\\\"y\\\\z\\n\",le=\"+Inf\"} 7 1700000000\n\
                    broken{service=\"x} 1\nc{} NaN\nnothing\n";
        let found: Vec<Line> = lines(text).collect();
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].name, found[0].value, found[0].label("service")), ("a", 1.5, None));
        assert_eq!(found[1].label("service"), Some("x\"y\\z\n"));
        assert_eq!((found[1].label("le"), found[1].value), (Some("+Inf"), 7.0));
        assert!(found[2].value.is_nan());
    }
}
