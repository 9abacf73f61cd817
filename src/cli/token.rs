//! The token of the admin listener: where it stands, and what is no token.

use crate::cli::arguments::Arguments;
use crate::cli::{exit, out};
use std::env::VarError;
use std::path::Path;

/// Not an option: what stands on a command line is read by everybody on the machine.
const VARIABLE: &str = "HEADWATER_ADMIN_TOKEN";
/// The listener lets anybody try as often as he likes: a shorter one could be guessed.
const CHARACTERS: usize = 16;
const REMEDY: &str = "make one with `openssl rand -hex 24`";

/// The token, if one is set. What is wrong with it is told: to go on without would open what shall be closed.
pub(super) fn admin(arguments: &Arguments) -> Result<Option<String>, exit::Code> {
    #[expect(clippy::disallowed_methods, reason = "it is for the process, not for its stack")]
    let variable = match std::env::var(VARIABLE) {
        Ok(text) => Some(text),
        // It is told as no token, and not taken for none.
        Err(VarError::NotUnicode(text)) => Some(text.to_string_lossy().into_owned()),
        Err(VarError::NotPresent) => None,
    };
    find(arguments.admin_token_file.as_deref(), variable).map_err(|wrong| {
        out::error(&wrong);
        exit::FAILURE
    })
}

fn find(file: Option<&Path>, variable: Option<String>) -> Result<Option<String>, String> {
    match (file, variable) {
        (None, None) => Ok(None),
        (Some(file), Some(_)) => Err(format!(
            "{VARIABLE} and the file {} both hold the token of the admin listener; keep one of them",
            file.display()
        )),
        (Some(file), None) => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                format!("the token file {} cannot be read: {error}", file.display())
            })?;
            checked(&text, &format!("the token file {}", file.display())).map(Some)
        }
        (None, Some(text)) => checked(&text, VARIABLE).map(Some),
    }
}

/// An editor ends a file with a line break, which is no part of the token.
fn checked(text: &str, place: &str) -> Result<String, String> {
    let token = text.trim();
    if token.is_empty() {
        return Err(format!("{place} is empty; {REMEDY}"));
    }
    // What a header can carry, and a form sends unchanged.
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "{place} holds no token: it has characters other than letters, digits and signs of ASCII; {REMEDY}"
        ));
    }
    if token.len() < CHARACTERS {
        let length = token.len();
        return Err(format!(
            "{place} holds a token of {length} characters, and {CHARACTERS} are the fewest; {REMEDY}"
        ));
    }
    Ok(token.to_owned())
}

/// What to do about an answer of 401.
pub(super) fn remedy(is_shown: bool) -> &'static str {
    if is_shown {
        "it has another token than this one"
    } else {
        "it wants a token: name the file with --admin-token-file, or set HEADWATER_ADMIN_TOKEN"
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    const TOKEN: &str = "0123456789abcdef";

    #[expect(clippy::disallowed_methods, reason = "a test may write")]
    fn in_file(text: &[u8]) -> Result<Option<String>, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        std::fs::write(&file, text).unwrap();
        find(Some(&file), None)
    }

    #[test]
    fn a_token_comes_from_a_file_or_a_variable_without_the_spaces_around_it() {
        assert_eq!(find(None, None), Ok(None));
        assert_eq!(in_file(b"0123456789abcdef\r\n"), Ok(Some(TOKEN.to_owned())));
        assert_eq!(find(None, Some(String::from(" 0123456789abcdef"))), Ok(Some(TOKEN.to_owned())));
    }

    #[test]
    fn what_is_no_token_is_told_and_never_taken_for_none() {
        for (text, wanted) in [
            (&b" \n"[..], "is empty; make one with"),
            (b"0123456789abcde", "of 15 characters, and 16 are the fewest"),
            (b"0123456789 abcdef", "other than letters"),
            (b"0123456789\nabcdef", "other than letters"),
            ("0123456789abcdé-long".as_bytes(), "other than letters"),
            (b"0123456789abcdef\xff", "cannot be read"),
        ] {
            let wrong = in_file(text).unwrap_err();
            assert!(wrong.contains(wanted) && !wrong.contains("012345"), "{wrong}");
        }
        let variable = |text: &str| find(None, Some(String::from(text))).unwrap_err();
        assert!(variable("").starts_with("HEADWATER_ADMIN_TOKEN is empty"));
        assert!(variable("short").contains("of 5 characters"));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let wrong = find(Some("nowhere/token".as_ref()), None).unwrap_err();
        assert!(
            wrong.starts_with("the token file nowhere/token cannot be read: No such"),
            "{wrong}"
        );
    }

    #[test]
    fn two_places_are_one_too_many() {
        let wrong = find(Some("token".as_ref()), Some(String::from(TOKEN))).unwrap_err();
        assert!(wrong.contains("both") && !wrong.contains(TOKEN), "{wrong}");
    }
}
