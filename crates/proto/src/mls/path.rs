//! The public keys that a commit puts into the tree (RFC 9420, sections 7.6 and 12.4).

use super::{MlsMessage, extent};
use crate::wire::Reader;
use tls_codec::Error;

impl MlsMessage {
    /// The encryption keys of a commit's path: its committer's leaf, then the nodes above it. Empty for a commit without
    /// a path and for what is no commit.
    pub fn path_keys(&self) -> Vec<&[u8]> {
        // Its extent was found by the same walk.
        path_keys(self.as_bytes()).unwrap_or_default()
    }
}

fn path_keys(message: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut r = Reader::new(message);
    let mut keys = Vec::new();
    if !extent::to_path(&mut r)? {
        return Ok(keys);
    }
    let leaf = r.rest();
    extent::leaf_node(&mut r)?;
    keys.push(Reader::new(leaf).vector()?);
    let mut nodes = Reader::new(r.vector()?);
    while !nodes.is_empty() {
        keys.push(nodes.vector()?);
        nodes.vector()?;
    }
    Ok(keys)
}
