//! `trefoil admin release-guardian`: a minor's guardian is gone, or does harm.

use super::{Shared, admin::Which};
use crate::{clock, exit::UsageError};
use clap::Args;
use serde::Serialize;
use std::fmt;
use trefoil_proto::UserUri;
use trefoil_server::minors::{self, OrderError};

#[derive(Debug, Args)]
pub(super) struct ReleaseGuardian {
    /// The minor (URI), of this service
    #[arg(value_name = "PERSON")]
    minor: UserUri,
    /// Why: it stands in the audit trail
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Ordered {
    kind: &'static str,
    user: String,
}

impl fmt::Display for Ordered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the guardian of {} is released as soon as the service runs: what they opened is closed, and the minor can link \
             somebody else. If the account is no minor's or has no guardian, the order ends as `.refused` in the folder minors-inbox",
            self.user
        )
    }
}

pub(super) fn run(shared: &Shared, ask: ReleaseGuardian) -> anyhow::Result<()> {
    let ReleaseGuardian { minor, reason, which } = ask;
    minors::hand_in(&which.data()?, &minor, &reason, clock::now()).map_err(|error| match error {
        OrderError::Reason => anyhow::Error::from(UsageError(error.to_string())),
        OrderError::HandIn(error) => error.into(),
    })?;
    Ok(shared.out.record(&Ordered { kind: "guardian-released", user: minor.to_string() })?)
}
