//! A list of hashes as a file: one on a line, the algorithm's name before it.

use super::KnownError;
use std::{collections::BTreeMap, io::BufRead};
use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

/// Most hashes of one list.
pub(super) const LARGEST: usize = 16_000_000;
const LONGEST_NAME: usize = 64;
const LONGEST_GIVER: usize = 200;
const LONGEST_LINE: u64 = 512;

/// How a hash is made.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes,
)]
#[repr(u8)]
pub enum Algorithm {
    /// Of the bytes of a file.
    Sha256 = 1,
    /// Of what a picture looks like.
    Pdq = 2,
}

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, TlsSize, TlsSerialize, TlsDeserializeBytes)]
#[repr(u8)]
pub enum Kind {
    /// Sexual abuse of children.
    ChildAbuse = 1,
    /// Terrorism.
    Terrorism = 2,
    /// Intimate pictures that are shown against the will of who is in them.
    Intimate = 3,
    /// Anything else; its giver's own words say what.
    Other = 4,
}

impl Kind {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::ChildAbuse, Self::Terrorism, Self::Intimate, Self::Other];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ChildAbuse => "child-abuse",
            Self::Terrorism => "terrorism",
            Self::Intimate => "intimate",
            Self::Other => "other",
        }
    }
}

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Its name here: 1 to 64 of a-z, 0-9 and -.
    pub name: String,
    /// Who gave it, in words.
    pub giver: String,
    /// What it is of.
    pub kind: Kind,
}

impl Provenance {
    pub(super) fn check(&self) -> Result<(), KnownError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let named = (1..=LONGEST_NAME).contains(&self.name.len()) && self.name.bytes().all(plain);
        let given = (1..=LONGEST_GIVER).contains(&self.giver.len());
        if named && given { Ok(()) } else { Err(KnownError::Provenance) }
    }
}

/// The hashes of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub sha256: Vec<[u8; 32]>,
    pub pdq: Vec<[u8; 32]>,
}

impl Listed {
    pub(super) fn of_mut(&mut self, algorithm: Algorithm) -> &mut Vec<[u8; 32]> {
        match algorithm {
            Algorithm::Sha256 => &mut self.sha256,
            Algorithm::Pdq => &mut self.pdq,
        }
    }

    pub(super) fn parts(&self) -> [(Algorithm, &[[u8; 32]]); 2] {
        [(Algorithm::Sha256, &self.sha256), (Algorithm::Pdq, &self.pdq)]
    }

    pub(super) fn len(&self) -> usize {
        self.sha256.len() + self.pdq.len()
    }

    pub(super) fn counts(&self) -> BTreeMap<Algorithm, u32> {
        let count =
            |(algorithm, hashes): (_, &[_])| (algorithm, u32::try_from(hashes.len()).unwrap_or(u32::MAX));
        self.parts().into_iter().map(count).collect()
    }
}

/// Reads a file: on each line an algorithm and a hash in hexadecimal, parted by a comma or blanks. What stands behind a
/// second comma, empty lines, and lines that begin with `#` say nothing. Gives the hashes and how many others there were:
/// those of algorithms that are not used here.
pub(super) fn read(mut file: impl BufRead) -> Result<(Listed, u64), KnownError> {
    let (mut listed, mut others) = (Listed::default(), 0);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let mut limited = std::io::Read::take(&mut file, LONGEST_LINE);
        if limited.read_until(b'\n', &mut line).map_err(KnownError::File)? == 0 {
            break;
        }
        if line.len() as u64 == LONGEST_LINE {
            return Err(KnownError::Line(number));
        }
        let text = std::str::from_utf8(&line).map_err(|_| KnownError::Line(number))?.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match hash(text).ok_or(KnownError::Line(number))? {
            Some((algorithm, hash)) => listed.of_mut(algorithm).push(hash),
            None => others += 1,
        }
        if listed.len() > LARGEST {
            return Err(KnownError::TooMany);
        }
    }
    if listed.len() == 0 { Err(KnownError::Empty) } else { Ok((listed, others)) }
}

/// `None` for what is no hash, `Some(None)` for one of another algorithm.
fn hash(line: &str) -> Option<Option<(Algorithm, [u8; 32])>> {
    let mut words = line.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    let (algorithm, digits) = (words.next()?, words.next()?);
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
    let algorithm = match algorithm.to_ascii_lowercase().as_str() {
        "sha256" => Algorithm::Sha256,
        "pdq" => Algorithm::Pdq,
        "md5" | "sha1" | "photodna" | "tmk" | "vpdq" => return Some(None),
        _ => return None,
    };
    Some(Some((algorithm, bytes.try_into().ok()?)))
}
