//! Timers as people write them: `30s`, `10m`, `8h`, `7d`, `4w`.

use crate::exit::UsageError;

/// Seconds of a timer.
///
/// # Errors
/// It is no number with a unit, or none that fits.
pub fn parse_timer(raw: &str) -> Result<u32, UsageError> {
    let wrong =
        || UsageError(format!("{raw:?} is no timer: give a number and s, m, h, d or w, such as 30m or 7d"));
    let (number, unit) = raw.split_at_checked(raw.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds: u32 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        "w" => 7 * 24 * 60 * 60,
        _ => return Err(wrong()),
    };
    number.parse::<u32>().ok().and_then(|number| number.checked_mul(seconds)).ok_or_else(wrong)
}

/// A timer as a person says it, in the largest unit that it is a whole number of.
pub fn in_words(seconds: u32) -> String {
    let units = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute"), (1, "second")];
    let (number, unit) = units
        .into_iter()
        .find(|(unit, _)| seconds.is_multiple_of(*unit))
        .map_or((seconds, "second"), |(unit, name)| (seconds / unit, name));
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_said_in_their_largest_unit() {
        for (seconds, words) in [
            (1, "1 second"),
            (90, "90 seconds"),
            (3600, "1 hour"),
            (86_400, "1 day"),
            (604_800, "7 days"),
            (864_000, "10 days"),
        ] {
            assert_eq!(in_words(seconds), words);
        }
    }

    #[test]
    fn timers_have_a_number_and_a_unit() {
        let seconds = |raw| parse_timer(raw).ok();
        assert_eq!(seconds("30s"), Some(30));
        assert_eq!(seconds("10m"), Some(600));
        assert_eq!(seconds("8h"), Some(28_800));
        assert_eq!(seconds("1d"), Some(86_400));
        assert_eq!(seconds("4w"), Some(2_419_200));
        for wrong in ["", "d", "1", "1y", "-1d", "1.5h", "1 d", "99999w", "1µ", "µ"] {
            assert_eq!(seconds(wrong), None, "{wrong:?}");
        }
    }
}
