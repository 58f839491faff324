//! The documents that describe the wire say what the code does.

use crate::ErrorCode;

/// `docs/errors.md` has one row for each code: number, name, meaning, what to do.
#[test]
fn the_glossary_of_errors_is_complete() {
    let rows: Vec<Vec<&str>> = include_str!("../../../../docs/errors.md")
        .lines()
        .filter(|line| line.starts_with("| ") && line.as_bytes().get(2).is_some_and(u8::is_ascii_digit))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let described: Vec<(String, String)> =
        rows.iter().map(|row| (row[0].to_owned(), row[1].trim_matches('`').to_owned())).collect();
    let defined: Vec<(String, String)> =
        ErrorCode::ALL.iter().map(|code| ((*code as u16).to_string(), format!("{code:?}"))).collect();
    assert_eq!(described, defined);
    for row in rows {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row[2..].iter().all(|cell| cell.len() > 10), "{row:?}");
    }
}

/// The list that the glossary is compared with leaves nothing out.
#[test]
fn every_code_is_listed() {
    use tls_codec::DeserializeBytes as _;
    let decodable: Vec<u16> = (0..=u16::MAX)
        .filter(|code| ErrorCode::tls_deserialize_exact_bytes(&code.to_be_bytes()).is_ok())
        .collect();
    let listed: Vec<u16> = ErrorCode::ALL.iter().map(|code| *code as u16).collect();
    assert_eq!(decodable, listed);
}
