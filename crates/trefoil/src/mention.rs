//! Whom a text mentions: `@` and the name that a person gave in the room.

use crate::{agent::Agent, exit::UsageError};
use trefoil_client::{
    conversation::{self, Mention},
    overlay::Overlay,
};
use trefoil_proto::{RoomUri, UserUri};

/// The text with those it mentions. Everyone in the room whose `@name` stands in it is; `also` are, whether their name
/// stands in it or not: it is put in front then.
///
/// # Errors
/// One of `also` is not in the room, or gave no name there; the store cannot be read.
pub fn mentioned(
    agent: &mut Agent,
    room: &RoomUri,
    text: &str,
    also: &[UserUri],
) -> anyhow::Result<(String, Vec<Mention>)> {
    let people = agent.client.room(room)?.map(|room| room.participants).unwrap_or_default();
    let store = Overlay::new(agent.client.store().clone());
    let (mut before, mut mentions) = (String::new(), Vec::<Mention>::new());
    if let Some(user) = also.iter().find(|user| !people.iter().any(|person| person.user == **user)) {
        return Err(UsageError(format!("{user} is not in the room, so cannot be mentioned there")).into());
    }
    for person in people {
        let asked = also.contains(&person.user);
        let Some(name) = conversation::profile(&store, room, &person.user)? else {
            if asked {
                let user = person.user;
                let why = format!("{user} gave no name in the room, so cannot be mentioned there");
                return Err(UsageError(why).into());
            }
            continue;
        };
        let called = format!("@{name}");
        let stands = stands(text, &called) && !mentions.iter().any(|mention| mention.name == name);
        if asked && !stands {
            before.push_str(&called);
            before.push(' ');
        }
        if asked || stands {
            mentions.push(Mention { user: person.user, name });
        }
    }
    Ok((before + text, mentions))
}

/// True if `called` stands in a text as a word: `@Ann` does not in `@Anna`.
fn stands(text: &str, called: &str) -> bool {
    text.match_indices(called)
        .any(|(at, _)| !text[at + called.len()..].chars().next().is_some_and(char::is_alphanumeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_a_text_only_as_a_word() {
        assert!(stands("hello @Ann, how", "@Ann"));
        assert!(stands("@Ann", "@Ann"));
        assert!(stands("@Anna and @Ann", "@Ann"));
        assert!(!stands("@Anna", "@Ann"));
        assert!(!stands("Ann", "@Ann"));
    }
}
