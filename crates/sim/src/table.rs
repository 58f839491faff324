//! The drill's table, for people.

use crate::attack::{Outcome, Verdict};
use std::fmt::{self, Display, Formatter};

/// How wide a line of the table is.
const WIDTH: usize = 100;

/// One attack: what was done, who noticed, what they saw, what came of it.
pub struct Row<'a>(pub &'a Outcome);

/// How many promises held.
pub struct Sum<'a>(pub &'a [Outcome]);

impl Display for Row<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcome = self.0;
        let (verdict, why) = match &outcome.verdict {
            Verdict::Held => ("held", None),
            Verdict::Unseen => ("UNSEEN", Some("the adversary gained nothing, but nobody was told")),
            Verdict::Broken(gained) => ("BROKEN", Some(gained.as_str())),
            Verdict::NotPlayed(why) => ("NOT PLAYED", Some(why.as_str())),
        };
        writeln!(f, "{:<4} {:<28} {verdict}", outcome.promise, outcome.attack)?;
        paragraph(f, "adversary", outcome.does)?;
        for notice in &outcome.noticed {
            paragraph(f, &notice.who, &notice.saw)?;
        }
        why.map_or(Ok(()), |why| paragraph(f, "verdict", why))
    }
}

impl Display for Sum<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let held = self.0.iter().filter(|outcome| outcome.is_held()).count();
        write!(f, "{held} of {} held", self.0.len())
    }
}

/// Words under a name in the margin.
fn paragraph(f: &mut Formatter<'_>, margin: &str, words: &str) -> fmt::Result {
    let mut line = format!("     {margin:<11}");
    for word in words.split_whitespace() {
        if line.chars().count() + word.chars().count() >= WIDTH {
            writeln!(f, "{}", line.trim_end())?;
            line = " ".repeat(16);
        }
        line.push_str(word);
        line.push(' ');
    }
    writeln!(f, "{}", line.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::Notice;

    #[test]
    fn the_table_says_who_noticed_and_what_broke() {
        let outcome = |verdict| Outcome {
            attack: "an-attack",
            promise: "P1",
            does: "tries something",
            noticed: vec![Notice { who: "Ann".to_owned(), saw: "somebody tried".to_owned() }],
            verdict,
        };
        let outcomes = [outcome(Verdict::Held), outcome(Verdict::Broken("read it all".to_owned()))];
        let table: String = outcomes.iter().map(|outcome| Row(outcome).to_string()).collect();
        for words in ["an-attack", "held", "BROKEN", "Ann", "somebody tried", "read it all"] {
            assert!(table.contains(words), "{words} is not in\n{table}");
        }
        assert_eq!(Sum(&outcomes).to_string(), "1 of 2 held");
    }
}
