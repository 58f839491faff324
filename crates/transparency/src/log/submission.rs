//! What a log sends to a witness (C2SP tlog-witness, `add-checkpoint`).

use super::{CHECKPOINT, ConsistencyProof, MalformedText, OpenCheckpoint, checkpoint, text};

/// A checkpoint on its way to a witness: with the size that the witness knows, and the proof that the log only grew
/// since. Well formed; nothing in it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Size of the log that the witness cosigned last.
    pub old: u64,
    /// The consistency proof.
    pub hashes: Vec<[u8; 32]>,
    /// The signed note.
    pub checkpoint: Vec<u8>,
    origin: String,
    size: u64,
}

const NAME: MalformedText = MalformedText("submission to a witness");

impl Submission {
    /// Largest body, in bytes.
    pub const LIMIT: usize = CHECKPOINT + text::PROOF;

    /// A checkpoint with the proof of its growth.
    pub fn new(proof: &ConsistencyProof, checkpoint: &OpenCheckpoint) -> Self {
        Self {
            old: proof.old,
            hashes: proof.hashes.clone(),
            checkpoint: checkpoint.to_bytes(),
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.head().size,
        }
    }

    /// The log that it says it is of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The proof, of the size that the checkpoint says.
    pub fn proof(&self) -> ConsistencyProof {
        ConsistencyProof { old: self.old, new: self.size, hashes: self.hashes.clone() }
    }

    /// The body of a request.
    pub fn encode(&self) -> Vec<u8> {
        let mut body = format!("old {}\n", self.old);
        text::write_hashes(&mut body, &self.hashes);
        body.push('\n');
        [body.as_bytes(), &self.checkpoint].concat()
    }

    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`MalformedText`].
    pub fn decode(body: &[u8]) -> Result<Self, MalformedText> {
        let (head, note) = text::split(body, Self::LIMIT).ok_or(NAME)?;
        let mut lines = head.lines();
        let old = lines.next().and_then(|line| text::number(line.strip_prefix("old ")?)).ok_or(NAME)?;
        let hashes = text::read_hashes(lines).ok_or(NAME)?;
        let (parsed, _) = checkpoint::parse(note).map_err(|_| NAME)?;
        let (origin, size) = (parsed.origin().to_owned(), parsed.size());
        let read = Self { old, hashes, checkpoint: note.to_vec(), origin, size };
        if read.encode() == body { Ok(read) } else { Err(NAME) }
    }
}
