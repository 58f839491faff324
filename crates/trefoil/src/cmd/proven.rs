//! What the commands about the public log have in common: policy and proof files, and how an entry is printed.

use super::{Shared, unreadable};
use crate::{
    clock,
    exit::{UnprovenError, UsageError},
    print,
    public_log::{ProvenRelease, hash, words},
};
use anyhow::Context as _;
use data_encoding::HEXLOWER;
use serde::Serialize;
use std::{fmt, fs::File, io::Read as _, path::Path};
use trefoil_proto::Timestamp;
use trefoil_transparency::log::{LogEntry, LogPolicy, LoggedEntry, TrustedCheckpoint};

/// Most bytes of a policy file that are read: one more than any policy has.
const POLICY: u64 = 64 * 1024 + 1;

/// An entry of the log, as it is printed.
#[derive(Serialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub(super) enum Entry {
    Release { version: String, target: String, sha256: String },
    DirectoryRoot { directory: String, epoch: u64, root: String, time: u64 },
    Trail { number: u64, hash: String },
}

/// An entry with its place.
#[derive(Serialize)]
pub(super) struct Listed {
    kind: &'static str,
    index: u64,
    #[serde(flatten)]
    entry: Entry,
}

/// A proof that holds.
#[derive(Serialize)]
pub(super) struct Proven {
    kind: &'static str,
    log: String,
    index: u64,
    size: u64,
    witnesses: Vec<String>,
    needed: usize,
    #[serde(flatten)]
    entry: Entry,
    /// The binary that was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

impl From<&LogEntry> for Entry {
    fn from(entry: &LogEntry) -> Self {
        match entry {
            LogEntry::Release(release) => Self::Release {
                version: release.version.to_string(),
                target: release.target.to_string(),
                sha256: HEXLOWER.encode(&release.sha256),
            },
            LogEntry::Directory(root) => Self::DirectoryRoot {
                directory: root.directory.to_string(),
                epoch: root.epoch,
                root: HEXLOWER.encode(&root.root),
                time: root.time.0,
            },
            LogEntry::Trail(head) => Self::Trail { number: head.number, hash: HEXLOWER.encode(&head.hash) },
        }
    }
}

impl Listed {
    pub(super) fn new(index: u64, entry: &LogEntry) -> Self {
        Self { kind: "entry", index, entry: entry.into() }
    }
}

impl Proven {
    fn new(proof: &LoggedEntry, policy: &LogPolicy, witnesses: &[String], size: u64) -> Self {
        Self {
            kind: "proven",
            log: policy.log().name().to_owned(),
            index: proof.index,
            size,
            witnesses: witnesses.to_vec(),
            needed: policy.quorum(),
            entry: (&proof.entry).into(),
            file: None,
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Release { version, target, sha256 } => {
                write!(f, "release {version} for {target}, SHA-256 {sha256}")
            }
            Self::DirectoryRoot { directory, epoch, root, time } => {
                let at = clock::readable(Timestamp(*time));
                write!(f, "key directory of {directory}, epoch {epoch}, {at}, root {}…", &root[..16])
            }
            Self::Trail { number, hash } => {
                write!(f, "audit trail of the team at entry {number}, hash {}…", &hash[..16])
            }
        }
    }
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8}  {}", self.index, self.entry)
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log, index, size, witnesses, needed, entry, file, .. } = self;
        match file {
            Some(file) => writeln!(f, "{file} is proven: {entry}")?,
            None => writeln!(f, "proven: {entry}")?,
        }
        write!(f, "  entry {index} of {size} in {log}, signed by the log and by ")?;
        match &witnesses[..] {
            [] => write!(f, "no witness"),
            some => write!(f, "{} ({needed} needed)", some.join(", ")),
        }
    }
}

/// Reads a policy (C2SP tlog-policy), and warns of one that takes the log's word alone.
pub(super) fn policy(path: &Path) -> anyhow::Result<LogPolicy> {
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable("the policy", path))?;
    file.take(POLICY).read_to_string(&mut text).map_err(unreadable("the policy", path))?;
    let policy: LogPolicy = text.parse().map_err(|error: trefoil_transparency::log::PolicyFileError| {
        UsageError(format!("the policy {} cannot be used: {error}", path.display()))
    })?;
    if policy.quorum() == 0 {
        print::remark(
            "trefoil: warning: this policy asks for no witness, so the log may show others another history; name witnesses \
             in it",
        );
    }
    Ok(policy)
}

/// Reads a proof (C2SP tlog-proof). Nothing in it is verified by that.
pub(super) fn proof(path: &Path) -> anyhow::Result<LoggedEntry> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable("the proof", path))?;
    file.take(LoggedEntry::LIMIT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable("the proof", path))?;
    let sentence = || {
        UnprovenError(format!(
            "{} is no proof, or was altered: fetch it again, or make one with `trefoil log prove`",
            path.display()
        ))
    };
    LoggedEntry::from_file(&bytes).with_context(sentence)
}

/// Checks a proof without a network and prints what it proves. How long ago witnesses signed does not matter: what the
/// log had once, it has.
pub(super) fn check(shared: &Shared, proof: &LoggedEntry, policy: &LogPolicy) -> anyhow::Result<()> {
    let lasting = policy.clone().with_max_age(u64::MAX);
    let trusted: TrustedCheckpoint = proof
        .verify(&lasting, clock::now())
        .map_err(|error| UnprovenError(format!("the log does not prove it: {}", words(&error))))?;
    let record = Proven::new(proof, policy, trusted.witnesses(), trusted.head().size);
    Ok(shared.out.record(&record)?)
}

/// `trefoil verify --release`: checks a binary against a proof without a network.
pub(super) fn release(
    shared: &Shared,
    binary: &Path,
    proof_file: &Path,
    policy_file: &Path,
) -> anyhow::Result<()> {
    let (policy, proof) = (policy(policy_file)?, proof(proof_file)?);
    let proven = ProvenRelease::check(&proof, &policy, clock::now())?;
    proven.is_of(binary, &hash(binary)?)?;
    let mut record = Proven::new(&proof, &policy, &proven.witnesses, proven.head.size);
    record.file = Some(binary.display().to_string());
    Ok(shared.out.record(&record)?)
}
