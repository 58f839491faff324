//! What was found out about the delivery of messages, by a name that does not change and in words.

use trefoil_client::delivery::Finding;
use trefoil_proto::{DeviceUri, RoomUri, UserUri};

/// A name for programs.
pub const fn name(finding: &Finding) -> &'static str {
    match finding {
        Finding::Missing { .. } => "messages-missing",
        Finding::Late { .. } => "message-late",
        Finding::Repeated { .. } => "message-repeated",
        Finding::Conflict { .. } => "message-conflict",
        Finding::Unseen { .. } => "messages-unseen",
        Finding::Split { .. } => "messages-split",
        Finding::Restored { .. } => "message-restored",
        Finding::Unavailable { .. } => "messages-unavailable",
        _ => "delivery",
    }
}

/// What happened, and what one can do. `called` gives the name of a person.
///
/// # Errors
/// Those of `called`.
pub fn words<E>(
    room: &RoomUri,
    device: &DeviceUri,
    finding: &Finding,
    called: impl Fn(&UserUri) -> Result<String, E>,
) -> Result<String, E> {
    let of = format!("{} (device {})", called(&device.user_uri())?, device.device);
    let ask = format!("`trefoil rooms ask-again {room}` asks for what is missing");
    let count = |from: u64, to: u64| match to.saturating_sub(from) {
        0 => "a message".to_owned(),
        more => format!("{} messages", more + 1),
    };
    Ok(match finding {
        Finding::Missing { from, to } => format!(
            "{} of {of} did not come: a service between you dropped or holds back what is missing; {ask}",
            count(*from, *to)
        ),
        Finding::Late { .. } => {
            format!("a message of {of} was held back: a service let later ones come before it")
        }
        Finding::Repeated { .. } => {
            format!("a message of {of} came a second time; it counts once, and there is nothing to do")
        }
        Finding::Conflict { .. } => format!(
            "a message of {of} does not fit what came from there before: that device was copied or lies; ask them \
             in another way"
        ),
        Finding::Unseen { by, .. } => format!(
            "{} has messages of {of} that did not come here: a service between you dropped or holds them back; \
             {ask}",
            called(by)?
        ),
        Finding::Split { by, .. } => format!(
            "{} says they have another message of {of} than came here: one of them was shown something false; compare \
             what you see in another way",
            called(by)?
        ),
        Finding::Restored { .. } => format!("a message of {of} that was missing came when it was asked for"),
        Finding::Unavailable { from, to } => {
            format!("{} of {of} that were missing cannot be had any more", count(*from, *to))
        }
        _ => format!("something about the messages of {of} that this version does not know"),
    })
}
