//! What was asked for and not taken, as a sentence that says why and what to do.

use super::{key_changed, unproven};
use crate::clock;
use trefoil_client::{Event, Refusal};
use trefoil_proto::content::MessageId;

/// A room or a service did not take what this device asked for.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// It said no.
    #[error("{0}")]
    Refused(String),
    /// Another person's service cannot be reached now.
    #[error("{0}")]
    OutOfReach(String),
    /// Somebody's key is not the one that was verified.
    #[error("{0}")]
    OtherKey(String),
    /// Somebody's keys are not proven by the key directory of their service.
    #[error("{0}")]
    Unproven(String),
}

/// The refusal in an event, of a change of a room.
pub fn refusal(event: &Event) -> Option<NotTaken> {
    use trefoil_client::ChangeRefusal as Why;
    let Event::ChangeRefused { reason, .. } = event else { return None };
    Some(NotTaken::Refused(match reason {
        Why::NotAllowed => "the room's rules do not allow it: ask one of its admins".to_owned(),
        Why::NotInvited => {
            "the invitation does not hold, or not any more: it ran out, was used up or taken back, or whoever made it is no \
             admin there now; ask them for another"
                .to_owned()
        }
        Why::Invalid => "the room's service found the change not valid".to_owned(),
        Why::TooManyConflicts => "others changed the room again and again: try once more".to_owned(),
        Why::Unavailable(user) => format!(
            "{user} is not there, or has no device that can join: compare it with their card; if it is right and their \
             program is an older one, make a room with `trefoil rooms create --classical`"
        ),
        Why::OutOfReach(user) => {
            return Some(NotTaken::OutOfReach(format!(
                "the service of {user} cannot be reached now: add them again later"
            )));
        }
        Why::TooManyNewPeople { user, until } => format!(
            "{user} was not added: this account has begun as many conversations with new people as its service lets it for \
             now; there may be more from {} UTC on, and for each of them who answers, one more at once",
            clock::readable(*until)
        ),
        Why::KeyChanged(user) | Why::Untrusted(Refusal::AccountKeyChanged { user }) => {
            return Some(NotTaken::OtherKey(key_changed(user)));
        }
        Why::Untrusted(Refusal::Downgrade) => {
            return Some(NotTaken::Unproven(
                "nobody was added: they would come with keys that quantum computers are expected to break, though their \
                 devices say that they can do better; their service, or whoever compels it, may be hiding the better keys: \
                 ask the person, and try again later; where an older device has left the room, make a new one"
                    .to_owned(),
            ));
        }
        Why::Untrusted(reason) => {
            format!("a device is not what it should be, and was not let in: {reason:?}")
        }
        Why::Unproven(user, reason) => return Some(NotTaken::Unproven(unproven(user, reason))),
        Why::Service(code) => format!("the room's service refused: {code:?}"),
    }))
}

/// The refusal in an event, of one message.
pub fn send_refusal(event: &Event, id: &MessageId) -> Option<NotTaken> {
    use trefoil_client::SendRefusal as Why;
    let Event::SendRefused { message, reason, .. } = event else { return None };
    (message == id).then(|| {
        NotTaken::Refused(match reason {
            Why::NotAllowed => "the room's rules do not let this person write".to_owned(),
            Why::NoLongerMember => "this person is no longer in the room".to_owned(),
            Why::Service(code) => format!("the room's service refused the message: {code:?}"),
        })
    })
}
