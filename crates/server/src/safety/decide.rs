//! Whether a report proves what it says.

use super::SafetyError;
use std::collections::HashSet;
use trefoil_proto::{
    RoomUri, UserUri,
    content::MimiContent,
    defence::Defence,
    franking::{self, FrankingTag, SenderFrank, ServerFrankingContext},
    mimi::{
        Frank,
        report::{AbuseReport, AbusiveMessage},
    },
};

/// Most messages of one report.
pub const MESSAGES: usize = 50;
/// Longest note, in bytes.
pub const NOTE: usize = 4096;

/// Looks at everything that a report says: the reporter is who asks, and each message was sent by whom it accuses, in this
/// room, as it stands there. `is_stamped` says whether this hub made a stamp. A report may show no message.
///
/// # Errors
/// [`SafetyError::NotTheReporter`], [`SafetyError::TooMuch`], [`SafetyError::Doubled`], [`SafetyError::Unproven`].
pub(super) fn prove(
    reporter: &UserUri,
    room: &RoomUri,
    report: &AbuseReport,
    is_stamped: impl Fn(&FrankingTag, &ServerFrankingContext, &Frank) -> bool,
) -> Result<(), SafetyError> {
    if report.reporting_user != *reporter {
        return Err(SafetyError::NotTheReporter);
    }
    if report.messages.len() > MESSAGES || report.note.len() > NOTE {
        return Err(SafetyError::TooMuch);
    }
    if std::str::from_utf8(&report.note).is_err() {
        return Err(SafetyError::Note);
    }
    let mut shown = HashSet::new();
    for message in &report.messages {
        // Under the largest limit there is room for fifty copies.
        if !shown.insert(&message.message_content) {
            return Err(SafetyError::Doubled);
        }
    }
    let proven = |message: &AbusiveMessage| {
        let content = content_of(message)?;
        let tag = franking::tag(&content.salt, &message.message_content);
        let context = message.frank.context(&report.alleged_abuser, room, message.accepted_timestamp);
        (is_stamped(&tag, &context, &message.frank) || !Defence::ReportStamp.stands()).then_some(())
    };
    match report.messages.iter().position(|message| proven(message).is_none()) {
        Some(index) => Err(SafetyError::Unproven { index }),
        None => Ok(()),
    }
}

/// Whether a message that another hub shows was handed to that hub by this service: a device could have shown it, and it has the mark
/// of this service. `is_marked` says whether this service made a mark over a tag.
pub(super) fn was_handed_over(
    message: &AbusiveMessage,
    is_marked: impl Fn(&FrankingTag, &SenderFrank) -> bool,
) -> bool {
    // What cannot be read can be no message that a device showed.
    let Some(content) = content_of(message) else { return false };
    let tag = franking::tag(&content.salt, &message.message_content);
    message.frank.sender_frank.is_some_and(|mark| is_marked(&tag, &mark)) || !Defence::SenderFrank.stands()
}

/// The tags of the messages that a report shows: which messages they are.
pub fn shown_by(report: &AbuseReport) -> Vec<FrankingTag> {
    let tag = |message: &AbusiveMessage| {
        content_of(message).map(|content| franking::tag(&content.salt, &message.message_content))
    };
    report.messages.iter().filter_map(tag).collect()
}

/// The content of a message that was shown.
pub(super) fn content_of(message: &AbusiveMessage) -> Option<MimiContent> {
    MimiContent::decode(&message.message_content).ok()
}
