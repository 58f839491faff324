//! The real binary, run as a script runs it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How a command ended.
pub struct Ended {
    pub code: i32,
    pub data: Vec<serde_json::Value>,
    pub said: String,
}

/// Runs the binary for the person in `home`, without input.
pub fn trefoil(home: &Path, arguments: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_trefoil"))
        .arg("--json")
        .arg("--home")
        .arg(home)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    Ended {
        code: output.status.code().unwrap(),
        data: lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        said: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A person whose device is driven by commands.
pub struct Commands {
    pub home: PathBuf,
}

impl Commands {
    /// Runs the binary, which must succeed, and gives the records that it prints.
    pub fn run(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let ended = trefoil(&self.home, arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.said);
        ended.data
    }

    /// The one message with this text, as `rooms show` prints it.
    pub fn shown(&self, room: &str, text: &str) -> Option<serde_json::Value> {
        self.run(&["rooms", "show", room]).into_iter().find(|line| line["text"] == text)
    }
}
