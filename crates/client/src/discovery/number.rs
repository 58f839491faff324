//! A phone number as it is looked for: E.164, the form under which services keep people.

use super::DiscoveryError;
use std::str::FromStr;
use zeroize::ZeroizeOnDrop;

/// `+` and 7 to 15 digits, the first not zero.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, ZeroizeOnDrop)]
pub struct Number(String);

impl Number {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Number {
    type Err = DiscoveryError;

    /// As address books write it: blanks, hyphens, dots, slashes and brackets do not matter, and `00` is `+`.
    fn from_str(raw: &str) -> Result<Self, DiscoveryError> {
        let mut text = String::with_capacity(16);
        for character in raw.chars() {
            match character {
                '+' if text.is_empty() => text.push('+'),
                '0'..='9' if text.len() < 18 => text.push(character),
                ' ' | '\u{a0}' | '\t' | '-' | '.' | '/' | '(' | ')' => {}
                _ => return Err(DiscoveryError::Number),
            }
        }
        if let Some(rest) = text.strip_prefix("00") {
            text = format!("+{rest}");
        }
        let digits = text.strip_prefix('+').ok_or(DiscoveryError::Number)?;
        if (7..=15).contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(text))
        } else {
            Err(DiscoveryError::Number)
        }
    }
}

/// Shows that it is one, not which.
impl std::fmt::Debug for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Number(..)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_taken_as_address_books_write_them() {
        for raw in
            ["+447700900123", "+44 7700 900123", "+44 (7700) 900-123", "0044.7700.900123", " +44/7700900123"]
        {
            assert_eq!(raw.parse::<Number>().unwrap().as_str(), "+447700900123", "{raw}");
        }
        for raw in [
            "",
            "+",
            "07700900123",
            "447700900123",
            "+0447700900123",
            "+123456",
            "+1234567890123456",
            "++4477009001",
            "+44770090012a",
            "+44+7700900123",
        ] {
            assert_eq!(raw.parse::<Number>(), Err(DiscoveryError::Number), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_one_reads_back(raw in "(00|\\+)?[0-9 ()./-]{0,24}") {
            if let Ok(number) = raw.parse::<Number>() {
                prop_assert_eq!(number.as_str().parse::<Number>(), Ok(number.clone()));
            }
        }
    }
}
