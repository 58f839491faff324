//! Files and folders that are new, and names that no file system minds.

use super::ExportError;
use crate::exit::UsageError;
use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

/// Longest name, in bytes.
const LONGEST: usize = 80;

/// Makes a folder, with those above it; one that is there must be empty.
pub(super) fn new_folder(path: &Path) -> Result<(), ExportError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| ExportError::File { path: path.to_owned(), source })?;
    let mut inside =
        fs::read_dir(path).map_err(|source| ExportError::File { path: path.to_owned(), source })?;
    match inside.next() {
        None => Ok(()),
        Some(_) => {
            let said = format!("{} is not empty: name a new folder, nothing is written over", path.display());
            Err(UsageError(said).into())
        }
    }
}

/// Makes a file that only its owner reads; one that is there is left alone.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A name made of what somebody else chose: letters and digits of any script, `-`, `_`, a dot within. Never a path,
/// never hidden, never a name that a system keeps for itself.
pub(super) fn safe(raw: &str, otherwise: &str) -> String {
    let mut name = String::new();
    for letter in raw.trim().chars() {
        let kept = letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
        let letter = if kept { letter } else { '_' };
        let doubled = matches!(letter, '_' | '.') && name.ends_with(letter);
        if !doubled {
            name.push(letter);
        }
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 10 => (stem, extension),
        _ => (&name[..], ""),
    };
    let mut stem = stem.trim_matches(['.', '_']).to_owned();
    while stem.len() > LONGEST {
        stem.pop();
    }
    let device = ["con", "prn", "aux", "nul"].contains(&stem.to_lowercase().as_str())
        || ["com", "lpt"].iter().any(|kind| stem.to_lowercase().starts_with(kind) && stem.len() == 4);
    if stem.is_empty() || device {
        stem = format!("{otherwise}{}{stem}", if device { "-" } else { "" });
    }
    let extension = extension.trim_matches(['.', '_']);
    if extension.is_empty() { stem } else { format!("{stem}.{extension}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_are_safe_and_stay_readable() {
        for (raw, name) in [
            ("leaf.jpg", "leaf.jpg"),
            ("my leaf (1).jpg", "my_leaf_1.jpg"),
            ("../../etc/passwd", "etc_passwd"),
            (".bashrc", "bashrc"),
            ("..", "x"),
            ("", "x"),
            ("/", "x"),
            ("con", "x-con"),
            ("COM1.txt", "x-COM1.txt"),
            ("שלום עולם.pdf", "שלום_עולם.pdf"),
            ("a\u{202e}gpj.exe", "a_gpj.exe"),
            ("a\0b", "a_b"),
        ] {
            assert_eq!(safe(raw, "x"), name, "{raw:?}");
        }
    }

    #[test]
    fn no_name_leads_out_of_its_folder() {
        let letters = ['a', '.', '/', '\\', '\0', '_', ' ', ':', 'ß', '漢', '\u{202e}', '\n', '~', '-'];
        // Every text of up to four of them, alone and in front of a long one.
        for number in 0..letters.len().pow(4) {
            let mut raw = String::new();
            let mut rest = number;
            while rest > 0 {
                raw.push(letters[rest % letters.len()]);
                rest /= letters.len();
            }
            for raw in [raw.clone(), format!("{raw}{}{raw}", "x漢".repeat(90))] {
                let name = safe(&raw, "x");
                assert!(!name.is_empty() && name.len() <= LONGEST + 45, "{raw:?}: {name:?}");
                assert!(!name.starts_with('.') && !name.contains(['/', '\\', '\0', ':', '\n']), "{name:?}");
                let path = Path::new("folder").join(&name);
                assert_eq!(path.parent().unwrap(), Path::new("folder"));
                assert_eq!(path.file_name().unwrap().to_str().unwrap(), name);
            }
        }
    }

    #[test]
    fn what_is_there_is_never_written_over() {
        let place = tempfile::tempdir().unwrap();
        new_folder(place.path()).unwrap();
        let file = place.path().join("a");
        new_file(&file).unwrap();
        assert!(new_file(&file).is_err());
        assert!(matches!(new_folder(place.path()), Err(ExportError::Usage(_))));
    }
}
