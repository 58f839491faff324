//! The real binary, run as a script runs it.

use crate::services::Services;
use std::{
    io::{BufRead as _, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
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
    Ended::of(output)
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let lines = String::from_utf8(output.stdout).unwrap();
        Self {
            code: output.status.code().unwrap(),
            data: lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            said: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A person whose device is driven by commands.
pub struct Commands {
    pub home: PathBuf,
}

impl Commands {
    /// Somebody whose device was made at these services.
    pub fn of(services: &Services, name: &str) -> Self {
        Self { home: services.path().join("people").join(name) }
    }

    /// Runs the binary, which must succeed, and gives the records that it prints.
    pub fn run(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let ended = trefoil(&self.home, arguments);
        assert_eq!(ended.code, 0, "{arguments:?}: {}", ended.said);
        ended.data
    }

    /// Runs the binary, which goes on while its records are read.
    pub fn begin(&self, arguments: &[&str]) -> Underway {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trefoil"));
        command.arg("--json").arg("--home").arg(&self.home).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Underway { child, lines }
    }

    /// The one message with this text, as `rooms show` prints it.
    pub fn shown(&self, room: &str, text: &str) -> Option<serde_json::Value> {
        self.run(&["rooms", "show", room]).into_iter().find(|line| line["text"] == text)
    }
}

/// A command that is under way; it is ended with the test.
pub struct Underway {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Underway {
    /// Ctrl-C, then waits.
    pub fn interrupt(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

/// The records that it prints, until it ends, which must be well.
impl Iterator for Underway {
    type Item = serde_json::Value;

    fn next(&mut self) -> Option<serde_json::Value> {
        match self.lines.next() {
            Some(line) => Some(serde_json::from_str(&line.unwrap()).unwrap()),
            None => {
                assert!(self.child.wait().unwrap().success());
                None
            }
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
