//! Column names as parts of file names.

/// Longest readable part; the hash after it keeps long names apart.
const LONGEST: usize = 40;

/// A part of a file name for any column name, safe on every file system and in links. Short plain
/// names stay as they are; all others get `~` and a hash of the whole name, so that two names meet
/// neither by letter case, nor by odd characters, nor by being cut.
pub fn file_safe(name: &str) -> String {
    let plain = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_' | '-');
    if !name.is_empty() && name.len() <= LONGEST && name.chars().all(plain) {
        return name.to_owned();
    }
    let mut readable = String::new();
    for letter in name.chars().map(|letter| letter.to_ascii_lowercase()) {
        if plain(letter) {
            readable.push(letter);
        } else if !readable.ends_with('-') {
            readable.push('-');
        }
        if readable.len() == LONGEST {
            break;
        }
    }
    format!("{}~{:016x}", readable.trim_matches('-'), fnv1a(name.as_bytes()))
}

/// FNV-1a; fixed for ever, because the names of files depend on it.
fn fnv1a(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, mix)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn plain_names_stay_as_they_are() {
        for name in ["value", "unit_price", "x-1"] {
            assert_eq!(file_safe(name), name);
        }
    }

    #[test]
    fn odd_names_stay_apart_even_where_letter_case_does_not_count() {
        let long = "a".repeat(200);
        let odd = [
            "",
            " ",
            "a/b",
            "a b",
            "a-b",
            "A b",
            "a",
            "A",
            "ä",
            "ö",
            "..",
            ".",
            "../../etc/passwd",
            "con",
            "CON",
            "a\0",
            "a\n",
            "漢字",
            "漢",
            "a~b",
            "~",
            &long,
            &long[1..],
            "\u{202e}a",
        ];
        let safe: HashSet<String> = odd.iter().map(|name| file_safe(name)).collect();
        assert_eq!(safe.len(), odd.len());
        for name in safe {
            assert!(!name.is_empty() && name.len() <= 60, "{name}");
            assert!(!name.contains(['/', '\\', '.', ' ', ':']) && name.is_ascii(), "{name}");
            assert_eq!(name, name.to_lowercase());
        }
    }
}
