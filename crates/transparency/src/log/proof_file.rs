//! A proof that can be checked without a network (C2SP tlog-proof): entry, place in the log, checkpoint.

use super::{
    CHECKPOINT, InclusionProof, LogEntry, LogPolicy, LoggedError, MalformedText, TrustedCheckpoint,
    checkpoint, text,
};
use data_encoding::BASE64;
use trefoil_proto::{Timestamp, Wire as _};

/// An entry with the proof that a log has it. Well formed; nothing in it is verified before [`LoggedEntry::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEntry {
    /// What the log has; in the file it is the extra data.
    pub entry: LogEntry,
    /// Where.
    pub index: u64,
    /// From the leaf up.
    pub hashes: Vec<[u8; 32]>,
    /// The signed note.
    pub checkpoint: Vec<u8>,
}

const NAME: MalformedText = MalformedText("proof file");
const FIRST: &str = "c2sp.org/tlog-proof@v1";

impl LoggedEntry {
    /// Largest file, in bytes.
    pub const LIMIT: usize = CHECKPOINT + text::PROOF + 2 * LogEntry::LIMIT;

    /// The file.
    pub fn to_file(&self) -> Vec<u8> {
        let mut file =
            format!("{FIRST}\nextra {}\nindex {}\n", BASE64.encode(&self.entry.encode()), self.index);
        text::write_hashes(&mut file, &self.hashes);
        file.push('\n');
        [file.as_bytes(), &self.checkpoint].concat()
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`MalformedText`].
    pub fn from_file(file: &[u8]) -> Result<Self, MalformedText> {
        let (head, note) = text::split(file, Self::LIMIT).ok_or(NAME)?;
        let mut lines = head.lines();
        lines.next().filter(|first| *first == FIRST).ok_or(NAME)?;
        let extra = lines.next().and_then(|line| line.strip_prefix("extra ")).ok_or(NAME)?;
        let entry = BASE64.decode(extra.as_bytes()).map_err(|_| NAME)?;
        let entry = LogEntry::decode(&entry).map_err(|_| NAME)?;
        let index = lines.next().and_then(|line| text::number(line.strip_prefix("index ")?)).ok_or(NAME)?;
        let hashes = text::read_hashes(lines).ok_or(NAME)?;
        checkpoint::parse(note).map_err(|_| NAME)?;
        let read = Self { entry, index, hashes, checkpoint: note.to_vec() };
        if read.to_file() == file { Ok(read) } else { Err(NAME) }
    }

    /// Checks that the checkpoint meets the policy, and that the log it stands for has the entry.
    ///
    /// # Errors
    /// [`LoggedError`].
    pub fn verify(&self, policy: &LogPolicy, now: Timestamp) -> Result<TrustedCheckpoint, LoggedError> {
        let trusted = policy.check(&self.checkpoint, now)?;
        let head = trusted.head();
        let proof = InclusionProof { index: self.index, size: head.size, hashes: self.hashes.clone() };
        proof.verify(&head, &self.entry)?;
        Ok(trusted)
    }
}
