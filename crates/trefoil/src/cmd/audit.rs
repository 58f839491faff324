//! `trefoil audit`: anyone's eyes on a service's key directory.

use super::{Shared, unreadable};
use crate::{
    audit::{Auditor, FollowError, Statement, serve},
    exit::{DeceitError, UsageError},
    transport::Service,
};
use anyhow::Context as _;
use clap::Args;
use data_encoding::HEXLOWER_PERMISSIVE as HEX;
use serde::Serialize;
use std::{fmt, fs, io::Read as _, net::SocketAddr, path::PathBuf, time::Duration};
use tokio::sync::watch;
use trefoil_proto::{Domain, Wire as _};
use trefoil_transparency::{
    directory::AuditAnswer,
    gossip::{Accused, Evidence},
};

/// Most bytes of a file of evidence.
const EVIDENCE: u64 = 64 * 1024;

/// Verify every epoch of a service's key directory, from the first on.
#[derive(Debug, Args)]
pub struct Audit {
    /// Address of the service, for example https://example.org
    #[arg(value_name = "URL", required_unless_present = "evidence")]
    service: Option<String>,
    /// File that keeps how far the directory is verified; made if it is not there. Beside it: the auditor's key, the signed
    /// statement, evidence
    #[arg(long, value_name = "FILE", required_unless_present = "evidence")]
    state: Option<PathBuf>,
    /// Trust the certificate authorities in this PEM file instead of the public web's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The directory key that the service must have, in hexadecimal; without it the key of the first visit is kept
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Sign what was verified, under this name (in the form of a domain)
    #[arg(long, value_name = "NAME")]
    sign_as: Option<Domain>,
    /// Go on, and look for new epochs every so many seconds
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "10")]
    follow: Option<u64>,
    /// Hand the signed statement out on this address, over plain HTTP
    #[arg(long, value_name = "ADDRESS", requires = "sign_as", requires = "follow")]
    serve: Option<SocketAddr>,
    /// Verify a file of evidence instead, without any network
    #[arg(long, value_name = "FILE", conflicts_with_all = ["service", "state", "ca", "sign_as", "follow", "serve"])]
    evidence: Option<PathBuf>,
}

/// How far a directory is verified.
#[derive(Serialize)]
struct Verified {
    kind: &'static str,
    directory: String,
    key: String,
    epoch: u64,
    new: u64,
    root: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<Signed>,
}

/// The auditor's word for it.
#[derive(Serialize)]
struct Signed {
    auditor: String,
    key: String,
    at: u64,
    signature: String,
}

#[derive(Serialize)]
struct Serving {
    kind: &'static str,
    address: String,
}

/// Evidence that holds.
#[derive(Serialize)]
struct Proven {
    kind: &'static str,
    accused: String,
    key: String,
    at: u64,
    roots: [String; 2],
    #[serde(skip)]
    what: &'static str,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, epoch, new, .. } = self;
        match &self.root {
            None => write!(f, "{directory}: no epoch is published yet"),
            Some(root) => {
                write!(
                    f,
                    "{directory}: every epoch up to {epoch} is verified ({new} new), root {}…",
                    &root[..16]
                )
            }
        }?;
        self.signed.as_ref().map_or(Ok(()), |signed| write!(f, ", signed as {}", signed.auditor))
    }
}

impl fmt::Display for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the signed statement is at http://{}/", self.address)
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accused, what, at, roots, key, .. } = self;
        write!(
            f,
            "The evidence holds: {accused} signed two different roots of its {what} {at}.\n  one:   {}\n  other: {}\n\
             Both are signed under the key {key}. That this key is {accused}'s is not in the file: compare it with the one \
             that was known before.",
            roots[0], roots[1]
        )
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence. A service that did what it must not is exit code 7.
pub async fn run(shared: &Shared, ask: Audit) -> anyhow::Result<()> {
    let named = ask.key.as_deref().map(parse_key).transpose()?;
    if let Some(file) = &ask.evidence {
        return judge(shared, file, named);
    }
    let (Some(address), Some(state)) = (&ask.service, &ask.state) else {
        return Err(UsageError("name a service and a state file".to_owned()).into());
    };
    let authorities = match &ask.ca {
        Some(path) => Some(fs::read(path).map_err(unreadable("the file", path))?),
        None => None,
    };
    let service = Service::new(address, authorities.as_deref())?;
    let mut auditor = Auditor::open(service, state, named).await.map_err(told)?;
    let (newest, told_to) = watch::channel(Statement::default());
    if let Some(address) = ask.serve {
        let local = serve(address, told_to)
            .await
            .with_context(|| UsageError(format!("{address} cannot be listened on")))?;
        shared.out.record(&Serving { kind: "serving", address: local.to_string() })?;
    }
    loop {
        let mut new = 0;
        let away = loop {
            match auditor.step().await {
                Ok(0) => break None,
                Ok(some) => new += some,
                // Whoever follows a service waits for it to come back.
                Err(error) if ask.follow.is_some() && error.is_passing() => break Some(error),
                Err(error) => return Err(told(error)),
            }
        };
        if let Some(error) = away {
            tracing::warn!(%error, "the service is away");
        } else {
            let signed = ask.sign_as.as_ref().map(|name| auditor.sign(name)).transpose().map_err(told)?;
            let verified = Verified::new(&auditor, new, signed.as_ref());
            if let Some(answer) = &signed {
                let json = serde_json::to_string(&verified).context("a statement always has a form")?;
                newest.send_replace(Statement { encoded: answer.encode(), json });
            }
            if new > 0 || ask.follow.is_none() {
                shared.out.record(&verified)?;
            }
        }
        match ask.follow {
            None => return Ok(()),
            Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds.max(1))).await,
        }
    }
}

impl Verified {
    fn new(auditor: &Auditor, new: u64, signed: Option<&AuditAnswer>) -> Self {
        let followed = auditor.followed();
        let newest = followed.newest.as_ref().map(|newest| &newest.root);
        let signed = signed.and_then(|answer| {
            let signature = answer.signature.as_ref()?;
            Some(Signed {
                auditor: signature.auditor.to_string(),
                key: HEX.encode(&answer.key),
                at: signature.time.0,
                signature: HEX.encode(&signature.signature),
            })
        });
        Self {
            kind: "verified",
            directory: followed.directory.to_string(),
            key: HEX.encode(&followed.key),
            epoch: followed.epoch(),
            new,
            root: newest.map(|root| HEX.encode(&root.root)),
            signed,
        }
    }
}

/// Evidence needs nothing but itself and, to say who it is against, the key that was known.
fn judge(shared: &Shared, file: &std::path::Path, named: Option<[u8; 32]>) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    let open = fs::File::open(file).map_err(unreadable("the file", file))?;
    open.take(EVIDENCE).read_to_end(&mut bytes).map_err(unreadable("the file", file))?;
    let evidence = Evidence::from_file(&bytes)
        .with_context(|| UsageError(format!("{} is no file of evidence", file.display())))?;
    let split = evidence.verify().context("the evidence does not hold")?;
    if named.is_some_and(|named| named != split.key) {
        anyhow::bail!(
            "the evidence holds, but under another key than the one that you named: it proves nothing of its owner"
        );
    }
    let (accused, what) = match split.accused {
        Accused::Directory(domain) => (domain.to_string(), "key directory at epoch"),
        Accused::Log(name) => (name, "log at size"),
    };
    let roots = split.roots.map(|root| HEX.encode(&root));
    let key = HEX.encode(&split.key);
    Ok(shared.out.record(&Proven { kind: "evidence", accused, key, at: split.at, roots, what })?)
}

fn told(error: FollowError) -> anyhow::Error {
    if error.is_deceit() {
        let sentence = error.to_string();
        anyhow::Error::from(error).context(DeceitError(sentence))
    } else {
        error.into()
    }
}

fn parse_key(text: &str) -> anyhow::Result<[u8; 32]> {
    let bytes = HEX.decode(text.trim().as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| UsageError("a key has 64 hexadecimal digits".to_owned()).into())
}
