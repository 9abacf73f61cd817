//! Text made fit for a picture: no control characters, no longer than its place.

use super::font::text_width;
use super::scene::Weight;

const ELLIPSIS: char = '…';

/// Makes any text one safe line: white space becomes a space, and what XML forbids or what would
/// reorder the letters around it becomes U+FFFD.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
            _ if letter.is_control() => '\u{fffd}',
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                '\u{fffd}'
            }
            _ => letter,
        })
        .collect()
}

/// Escapes a text for XML and HTML, between tags and between quotes.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

/// Shortens a text to a width in pixels, with an ellipsis at the end.
pub fn shorten(text: &str, room: f64, size: f64, weight: Weight) -> String {
    if text_width(text, size, weight) <= room {
        return text.to_owned();
    }
    let ellipsis = text_width("…", size, weight);
    let mut kept = String::new();
    let mut used = ellipsis;
    for letter in text.chars() {
        used += text_width(letter.encode_utf8(&mut [0; 4]), size, weight);
        if used > room {
            break;
        }
        kept.push(letter);
    }
    while kept.ends_with([' ', ',', '.', '-']) {
        kept.pop();
    }
    if kept.is_empty() && ellipsis > room {
        return String::new();
    }
    kept.push(ELLIPSIS);
    kept
}

/// Shortens a text in its middle, so that names with the same beginning stay apart.
pub(super) fn shorten_middle(text: &str, room: f64, size: f64, weight: Weight) -> String {
    if text_width(text, size, weight) <= room {
        return text.to_owned();
    }
    let half = (room - text_width("…", size, weight)) / 2.0;
    let fitting = |letters: &mut dyn Iterator<Item = char>| {
        let mut used = 0.0;
        let mut kept = Vec::new();
        for letter in letters {
            used += text_width(letter.encode_utf8(&mut [0; 4]), size, weight);
            if used > half {
                break;
            }
            kept.push(letter);
        }
        kept
    };
    let begin: String = fitting(&mut text.chars()).into_iter().collect();
    let end: String = fitting(&mut text.chars().rev()).into_iter().rev().collect();
    format!("{}{ELLIPSIS}{}", begin.trim_end(), end.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_xml_forbids() {
        assert_eq!(clean("a\0b\tc\u{1b}[31m\u{202e}x\u{ffff}"), "a�b c�[31m�x�");
    }

    #[test]
    fn a_shortened_text_fits_its_place() {
        let text = "a rather long category name that goes on";
        for room in [5.0, 30.0, 80.0, 150.0, 1000.0] {
            let short = shorten(text, room, 12.0, Weight::Regular);
            assert!(text_width(&short, 12.0, Weight::Regular) <= room, "{room}: {short}");
        }
        assert_eq!(shorten("short", 100.0, 12.0, Weight::Regular), "short");
    }

    #[test]
    fn escapes_all_five_markup_characters() {
        assert_eq!(escape(r#"<a b="c" d='e'>&"#), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;");
    }
}
