//! `trefoil log`: the public log of a service, for anyone.

use super::{
    Shared,
    proven::{self, Listed},
    unreadable,
};
use crate::{
    clock,
    exit::{NotFoundError, UsageError},
    print,
    public_log::{self, RemoteLog, hash},
    transport::Service,
};
use anyhow::Context as _;
use clap::{Args, Subcommand};
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Serialize;
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};
use trefoil_transparency::log::{LogEntry, LogKey, LogPolicy, WitnessKey};

/// List, prove and verify what is in a service's public log.
#[derive(Debug, Args)]
pub struct Log {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List entries; each is verified against the checkpoint that the log and its witnesses signed
    List(List),
    /// Write a file that proves an entry to anyone, without a network
    Prove(Prove),
    /// Check such a file, without a network
    Verify(Verify),
    /// Print a policy with the keys that services publish: compare it with what others see before you rely on it
    Policy(MakePolicy),
}

#[derive(Debug, Args)]
struct Where {
    /// Address of the service, for example https://example.org
    #[arg(value_name = "URL")]
    service: String,
    /// Trust the certificate authorities in this PEM file instead of the public web's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: Where,
    /// Whom to believe: the log's key and its witnesses (C2SP tlog-policy; `trefoil log policy` prints one)
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Begin with this entry; without it the newest are listed
    #[arg(long, value_name = "INDEX")]
    from: Option<u64>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u64,
    /// Only releases, of the whole log unless --from says otherwise
    #[arg(long)]
    releases: bool,
}

#[derive(Debug, Args)]
struct Prove {
    #[command(flatten)]
    at: Where,
    /// Whom to believe: the log's key and its witnesses
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    which: Which,
    /// Where to write the proof
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The entry with this index
    #[arg(long, value_name = "INDEX")]
    index: Option<u64>,
    /// The release that is this file
    #[arg(long, value_name = "BINARY")]
    file: Option<PathBuf>,
    /// The release with this SHA-256, in hexadecimal
    #[arg(long, value_name = "HASH")]
    sha256: Option<String>,
}

#[derive(Debug, Args)]
struct Verify {
    /// The proof
    #[arg(value_name = "PROOF")]
    proof: PathBuf,
    /// Whom to believe: the log's key and its witnesses
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
}

#[derive(Debug, Args)]
struct MakePolicy {
    #[command(flatten)]
    at: Where,
    /// Address of a service that witnesses the log; may be given again
    #[arg(long = "witness", value_name = "URL")]
    witnesses: Vec<String>,
    /// How many of them must have signed; without it, all
    #[arg(long, value_name = "NUMBER")]
    quorum: Option<usize>,
}

/// The checkpoint that everything listed was verified against.
#[derive(Serialize)]
struct Checkpoint {
    kind: &'static str,
    log: String,
    size: u64,
    root: String,
    witnesses: Vec<String>,
}

#[derive(Serialize)]
struct Written {
    kind: &'static str,
    file: String,
    index: u64,
    size: u64,
}

#[derive(Serialize)]
struct Policy {
    kind: &'static str,
    policy: String,
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed =
            if self.witnesses.is_empty() { "no witness".to_owned() } else { self.witnesses.join(", ") };
        write!(f, "{}: {} entries, root {}…, signed by {signed}", self.log, self.size, &self.root[..16])
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} proves entry {} of {}", self.file, self.index, self.size)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.policy.trim_end())
    }
}

/// Does it.
///
/// # Errors
/// Whatever failed, as a sentence. What is not proven is exit code 9, a service that serves what it did not sign 7.
pub async fn run(shared: &Shared, ask: Log) -> anyhow::Result<()> {
    match ask.what {
        What::List(ask) => list(shared, ask).await,
        What::Prove(ask) => prove(shared, ask).await,
        What::Verify(ask) => {
            let policy = proven::policy(&ask.policy)?;
            proven::check(shared, &proven::proof(&ask.proof)?, &policy)
        }
        What::Policy(ask) => make_policy(shared, ask).await,
    }
}

async fn list(shared: &Shared, ask: List) -> anyhow::Result<()> {
    let (mut log, policy) = open(&ask.at, &ask.policy).await?;
    let size = log.size();
    shared.out.record(&Checkpoint {
        kind: "checkpoint",
        log: policy.log().name().to_owned(),
        size,
        root: HEXLOWER.encode(&log.checkpoint().head().root),
        witnesses: log.checkpoint().witnesses().to_vec(),
    })?;
    let newest = if ask.releases { 0 } else { size.saturating_sub(ask.limit) };
    let (mut at, mut left) = (ask.from.unwrap_or(newest), ask.limit);
    while at < size && left > 0 {
        let (first, entries) = log.told(at).await?;
        let end = first + entries.len() as u64;
        for (index, entry) in (first..).zip(entries).skip_while(|(index, _)| *index < at) {
            if left == 0 {
                break;
            }
            // Those that are not printed as well: one could be a release that the service hides.
            let entry = log.prove(index, entry).await?.entry;
            if !ask.releases || matches!(entry, LogEntry::Release(_)) {
                shared.out.record(&Listed::new(index, &entry))?;
                left -= 1;
            }
        }
        at = end;
    }
    Ok(())
}

async fn prove(shared: &Shared, ask: Prove) -> anyhow::Result<()> {
    let sha256 = match (&ask.which.file, &ask.which.sha256) {
        (Some(file), _) => Some(hash(file)?),
        (None, Some(text)) => Some(parse_hash(text)?),
        (None, None) => None,
    };
    let (mut log, policy) = open(&ask.at, &ask.policy).await?;
    let size = log.size();
    let proof = match (sha256, ask.which.index) {
        (Some(sha256), _) => log.release(&sha256).await?.ok_or_else(|| {
            let (name, hash) = (policy.log().name(), HEXLOWER.encode(&sha256));
            NotFoundError(format!(
                "none of the {size} entries that {name} shows is a release with the SHA-256 {hash}: was it entered (`trefoil admin \
                 log-release`), and is this the file?"
            ))
        })?,
        (None, Some(index)) => log.entry(index).await?,
        (None, None) => return Err(UsageError("name an entry with --index, --file or --sha256".to_owned()).into()),
    };
    let path = &ask.out;
    let sentence = || UsageError(format!("the proof cannot be written to {}", path.display()));
    fs::write(path, proof.to_file()).with_context(sentence)?;
    let file = path.display().to_string();
    Ok(shared.out.record(&Written { kind: "proof", file, index: proof.index, size })?)
}

async fn make_policy(shared: &Shared, ask: MakePolicy) -> anyhow::Result<()> {
    let odd = |address: &str| UsageError(format!("{address} publishes something that is no key of a log"));
    let own = public_log::keys(&connect(&ask.at.service, ask.at.ca.as_deref())?).await?;
    let key: LogKey = own.log.parse().with_context(|| odd(&ask.at.service))?;
    let mut witnesses = Vec::new();
    for address in &ask.witnesses {
        let published = public_log::keys(&connect(address, ask.at.ca.as_deref())?).await?;
        let key: WitnessKey = published.witness.parse().with_context(|| odd(address))?;
        witnesses.push(key);
    }
    let quorum = ask.quorum.unwrap_or(witnesses.len());
    let policy = LogPolicy::new(key, witnesses, quorum).map_err(|error| UsageError(error.to_string()))?;
    if quorum == 0 {
        print::remark(
            "trefoil: warning: a policy without witnesses takes the log's word alone: name some with --witness",
        );
    }
    Ok(shared.out.record(&Policy { kind: "policy", policy: policy.to_string() })?)
}

async fn open(at: &Where, policy: &Path) -> anyhow::Result<(RemoteLog, LogPolicy)> {
    let policy = proven::policy(policy)?;
    let service = connect(&at.service, at.ca.as_deref())?;
    let log = RemoteLog::open(service, &policy, clock::now()).await?;
    Ok((log, policy))
}

fn connect(address: &str, ca: Option<&Path>) -> anyhow::Result<Service> {
    let authorities = ca.map(|path| fs::read(path).map_err(unreadable("the file", path))).transpose()?;
    Ok(Service::new(address, authorities.as_deref())?)
}

fn parse_hash(text: &str) -> Result<[u8; 32], UsageError> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| UsageError("a SHA-256 has 64 hexadecimal digits".to_owned()))
}
