//! Subjects and names as NATS wants them.

/// May something be published there? Tokens between dots, none empty, no wildcards, no white space.
pub fn is_subject(text: &str) -> bool {
    let is_token = |token: &str| !token.is_empty() && token != "*" && token != ">";
    !text.is_empty()
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        && text.split('.').all(is_token)
}

/// Does a subject fall under a pattern with `*` for one token and `>` for the rest?
pub fn matches(pattern: &str, subject: &str) -> bool {
    let (mut wanted, mut tokens) = (pattern.split('.'), subject.split('.'));
    loop {
        match (wanted.next(), tokens.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some(wanted), Some(token)) if wanted == "*" || wanted == token => {}
            _ => return false,
        }
    }
}

/// All subjects that a template can give: a token with a field in it is a wildcard.
pub fn filter_of(template: &str) -> String {
    let mut depth = 0_usize;
    let is_dot = |c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        // A field of a field is named with a dot too.
        c == '.' && depth == 0
    };
    let token =
        |token: &str| if token.contains(['{', '*']) { "*".to_owned() } else { token.to_owned() };
    template.split(is_dot).map(token).collect::<Vec<_>>().join(".")
}

/// Names of streams and consumers hold no dots, wildcards, slashes and white space.
pub fn name_of(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.chars().map(|c| if fits(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_with_a_field_in_it_can_be_any() {
        for (template, filter) in
            [("a.b", "a.b"), ("a.{x}.b-{y}", "a.*.*"), ("{x.y}.{\"a.b\"}.c", "*.*.c")]
        {
            assert_eq!(filter_of(template), filter);
        }
    }

    #[test]
    fn wildcards_stand_for_one_token_or_the_rest() {
        for (pattern, subject, is_match) in [
            ("a.b", "a.b", true),
            ("a.*", "a.b", true),
            ("a.*", "a.b.c", false),
            ("a.>", "a.b.c", true),
            ("a.>", "a", false),
            (">", "a", true),
            ("a.b", "a", false),
        ] {
            assert_eq!(matches(pattern, subject), is_match, "{pattern} {subject}");
        }
    }

    #[test]
    fn what_is_no_subject_is_found() {
        for text in ["", ".", "a.", "a b", "a.*", "a.>", "a\r\nb"] {
            assert!(!is_subject(text), "{text:?}");
        }
        assert!(is_subject("readings.hall-1.ü"));
        assert_eq!(name_of("my stack.flow"), "my_stack_flow");
    }
}
