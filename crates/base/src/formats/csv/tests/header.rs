//! Header rows, good and bad.

use crate::formats::csv::header::detect_delimiter;
use crate::formats::csv::{Header, HeaderError};

fn read(text: &[u8]) -> Result<Header, HeaderError> {
    Header::read(text, None)
}

#[test]
fn detects_the_delimiter_outside_quotes() {
    for (text, expected) in [
        ("a,b,c\n1;2;3;4;5\n", b','),
        ("a;b,c;d\n", b';'),
        ("a\tb\n", b'\t'),
        ("a|b|c", b'|'),
        ("one\n", b','),
        ("\"a,b,c,d\";e\n", b';'),
        ("\u{FEFF}a;b\n", b';'),
    ] {
        assert_eq!(detect_delimiter(text.as_bytes()), expected, "{text:?}");
    }
}

#[test]
fn reads_names_and_says_where_rows_start() {
    let header = read("\u{FEFF}\n\"first\nname\",b\r\n1,2\n".as_bytes()).unwrap();
    assert_eq!(header.columns, ["first\nname", "b"]);
    assert_eq!((header.bytes, header.lines), (20, 3));
    let header = read(b"a,b").unwrap();
    assert_eq!((header.bytes, header.lines), (3, 0));
}

#[test]
fn a_wrong_header_says_what_to_do() {
    assert_eq!(read(b""), Err(HeaderError::Missing));
    assert_eq!(read(b"\n\r\n"), Err(HeaderError::Missing));
    assert_eq!(read(b"a,\xFF\n"), Err(HeaderError::NotUtf8));
    let empty = read(b"a, ,c\n").unwrap_err();
    assert_eq!(empty.to_string(), "column 2 has no name in the header; give every column a name");
    let twice = read(b"a,b,a\n").unwrap_err();
    assert_eq!(twice.to_string(), "columns 1 and 3 are both named `a`; rename one of them");
}
