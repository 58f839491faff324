//! Reports that this person made: enough to ask what came of them, and no copy of what was shown.

use crate::{Client, ClientError, overlay::Overlay};
use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};
use trefoil_proto::{
    ProtoError, RoomUri, Timestamp, UserUri, Wire as _,
    decisions::Words,
    mimi::report::{AbuseReport, FollowReport},
};
use trefoil_store::{KeyRange, Table};

/// Reports, by the SHA-256 of their bytes.
pub const MADE: Table = Table::new("client.reports_made");

const VERSION: u8 = 1;
const WHAT: &str = "report that was made";

/// A report that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeReport {
    /// SHA-256 of its bytes: its name at the hub.
    pub id: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// About whom.
    pub about: UserUri,
    /// In which room.
    pub room: RoomUri,
    /// How many messages it shows.
    pub messages: u32,
}

#[derive(Encode, Decode)]
struct MadeRow {
    #[n(0)]
    at: u64,
    #[n(1)]
    about: String,
    #[n(2)]
    room: String,
    #[n(3)]
    messages: u32,
}

impl Client {
    /// Remembers a report that is about to be shown.
    ///
    /// # Errors
    /// The store could not be written.
    pub fn remember_report(
        &self,
        room: &RoomUri,
        report: &AbuseReport,
        now: Timestamp,
    ) -> Result<(), ClientError> {
        let mut tx = Overlay::new(self.store().clone());
        let made = MadeReport {
            id: Sha256::digest(report.encode()).into(),
            at: now,
            about: report.alleged_abuser.clone(),
            room: room.clone(),
            messages: u32::try_from(report.messages.len()).unwrap_or(u32::MAX),
        };
        tx.put(MADE, made.id, encode(&made));
        Ok(tx.commit()?)
    }

    /// Reports that were made, the newest first.
    ///
    /// # Errors
    /// The store could not be read, or a row not be decoded.
    pub fn made_reports(&self) -> Result<Vec<MadeReport>, ClientError> {
        let rows = Overlay::new(self.store().clone()).scan(MADE, &KeyRange::all(), usize::MAX, false)?;
        let decoded = rows.iter().map(|(key, row)| {
            let id = key[..].try_into().map_err(|_| unreadable())?;
            decode(id, row)
        });
        let mut all = decoded.collect::<Result<Vec<_>, ClientError>>()?;
        all.sort_by_key(|made| std::cmp::Reverse(made.at));
        Ok(all)
    }

    /// What is asked of the hub about a report; with words, for another look.
    ///
    /// # Errors
    /// This device has no account.
    pub fn follow_report(
        &self,
        report: [u8; 32],
        appeal: Option<Words>,
    ) -> Result<FollowReport, ClientError> {
        let reporting_user = self.identity().ok_or(ClientError::NoAccount)?.user;
        Ok(FollowReport { reporting_user, report, appeal })
    }
}

fn encode(made: &MadeReport) -> Vec<u8> {
    let mut row = vec![VERSION];
    let parts = MadeRow {
        at: made.at.0,
        about: made.about.to_string(),
        room: made.room.to_string(),
        messages: made.messages,
    };
    minicbor::encode(parts, &mut row).expect("writing into memory does not fail");
    row
}

fn decode(id: [u8; 32], row: &[u8]) -> Result<MadeReport, ClientError> {
    let Some((&VERSION, rest)) = row.split_first() else { return Err(unreadable()) };
    let row: MadeRow = minicbor::decode(rest).map_err(|_| unreadable())?;
    Ok(MadeReport {
        id,
        at: Timestamp(row.at),
        about: row.about.parse().map_err(|_| unreadable())?,
        room: row.room.parse().map_err(|_| unreadable())?,
        messages: row.messages,
    })
}

fn unreadable() -> ClientError {
    ClientError::Row { what: WHAT, source: ProtoError::Malformed(WHAT) }
}

/// The decoder of made reports, for the fuzzer.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing {
    use super::{decode, encode};
    use crate::fuzzing::Target;

    pub(crate) const TARGETS: &[Target] = &[("client_made_report_row", made)];

    fn made(input: &[u8]) -> bool {
        let Ok(made) = decode([0; 32], input) else { return false };
        assert_eq!(decode([0; 32], &encode(&made)).ok(), Some(made));
        true
    }

    #[cfg(test)]
    pub(crate) fn samples() -> Vec<(&'static str, Vec<u8>)> {
        let made = super::MadeReport {
            id: [0; 32],
            at: trefoil_proto::Timestamp(1_700_000_000_000),
            about: "mimi://a.example/u/m".parse().expect("a person"),
            room: "mimi://a.example/r/r".parse().expect("a room"),
            messages: 3,
        };
        vec![("client_made_report_row", encode(&made))]
    }
}
