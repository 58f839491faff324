//! Votes: the last one of a person counts, by stamp, as long as the poll stands.

use super::{
    ConversationError, ConversationEvent, MessageId, Refusal,
    apply::{Change, Verdict},
    body::Body,
    records::{RoomKey, all, get, put},
    rows::{MessageRow, VOTES, VoteRow},
    view::{Poll, PollOption},
};
use crate::overlay::Overlay;
use trefoil_proto::{
    UserUri,
    content::{MimiContent, poll, poll::Vote},
};

/// Somebody chose in a poll.
pub(super) fn vote(
    tx: &mut Overlay,
    room: &RoomKey,
    change: &Change<'_>,
    target: MessageId,
    row: &MessageRow,
    vote: &Vote,
    events: &mut Vec<ConversationEvent>,
) -> Verdict {
    if row.unsent.is_some() || row.content.is_empty() {
        return Ok(Ok(()));
    }
    let poll = Body::of(&MimiContent::decode(&row.content)?).poll;
    if !poll.is_some_and(|poll| fits(vote, &poll)) {
        return Ok(Err(Refusal::WrongTarget));
    }
    let at = room.key(&[&target.0, change.sender.to_string().as_bytes()]);
    let before: Option<VoteRow> = get(tx, VOTES, &at)?;
    if before.as_ref().is_none_or(|before| before.stamp < change.stamp) {
        let changed = before.is_none_or(|before| before.choices != vote.choices);
        put(tx, VOTES, at, &VoteRow { choices: vote.choices.clone(), stamp: change.stamp });
        if changed {
            events.push(ConversationEvent::Votes { room: change.room.clone(), id: target });
        }
    }
    Ok(Ok(()))
}

fn fits(vote: &Vote, poll: &poll::Poll) -> bool {
    let known = vote.choices.iter().all(|choice| usize::from(*choice) < poll.options.len());
    known && (poll.several || vote.choices.len() <= 1)
}

/// A poll with what everybody chose.
pub(super) fn counted(
    tx: &Overlay,
    room: &RoomKey,
    id: MessageId,
    poll: poll::Poll,
) -> Result<Poll, ConversationError> {
    let mut votes = all::<VoteRow>(tx, VOTES, room, &[&id.0])?;
    votes.retain(|(_, vote)| !vote.choices.is_empty());
    votes.sort_by_key(|(_, vote)| vote.stamp);
    let mut options: Vec<PollOption> =
        poll.options.into_iter().map(|text| PollOption { text, by: Vec::new() }).collect();
    for (tail, vote) in &votes {
        let user = tail.get(32..).and_then(|user| std::str::from_utf8(user).ok());
        let user: UserUri = user.ok_or(ConversationError::Row("vote"))?.parse()?;
        for choice in &vote.choices {
            if let Some(option) = options.get_mut(usize::from(*choice)) {
                option.by.push(user.clone());
            }
        }
    }
    Ok(Poll { question: poll.question, options, several: poll.several, voters: votes.len() })
}
