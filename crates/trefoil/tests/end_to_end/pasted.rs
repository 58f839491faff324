//! What `trefoil up --demo` prints to go on by hand is pasted into a shell that stands elsewhere.

use std::{
    io::{BufRead as _, BufReader, Lines},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(60);

/// A program that is ended with the test.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn new(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads on until a line holds `words`; gives every line up to it.
    fn read_until(&mut self, words: &str) -> Vec<String> {
        let mut read = Vec::new();
        for line in &mut self.lines {
            let line = line.unwrap();
            let found = line.contains(words);
            read.push(line);
            if found {
                return read;
            }
        }
        panic!("it ended before it said {words:?}, after:\n{}", read.join("\n"));
    }

    /// Ctrl-C, then waits.
    fn interrupt(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `trefoil up`, called by a path and with a data folder that are relative to `folder`.
fn up(folder: &Path, more: &[&str]) -> Running {
    let mut command = Command::new("./bin/trefoil");
    command.args(["up", "--quiet", "--port-base", "0", "--data", "it's data"]).args(more).current_dir(folder);
    Running::new(&mut command)
}

/// A shell somewhere else, with nothing set but the way to its own tools.
fn shell(line: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").args(["-c", line]);
    command
}

fn paste(line: &str) -> Output {
    let output = shell(line).stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}\nended with {}: {errors}", output.status);
    output
}

/// The commands among what was printed, in order.
fn commands(printed: &[String]) -> Vec<String> {
    let commands = printed.iter().filter_map(|line| line.strip_prefix("  "));
    commands.filter(|line| line.contains("/bin/trefoil --home ")).map(str::to_owned).collect()
}

/// Pastes a line again and again until it prints `words`.
fn paste_until(line: &str, words: &str) {
    let until = Instant::now() + LIMIT;
    while !String::from_utf8(paste(line).stdout).unwrap().contains(words) {
        assert!(Instant::now() < until, "{line}\nnever printed {words:?}");
    }
}

#[test]
fn what_is_printed_to_go_on_by_hand_works_as_it_stands() {
    let place = tempfile::tempdir().unwrap();
    let bin = place.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(PathBuf::from(env!("CARGO_BIN_EXE_trefoil")), bin.join("trefoil")).unwrap();
    let mut services = up(place.path(), &["--demo"]);
    let lines = commands(&services.read_until("until Ctrl-C"));
    let [amina, yuki, oleh, ada, grace, room, send, receive, page] = lines.as_slice() else {
        panic!("other commands than expected: {lines:#?}");
    };

    // The people of the demonstration: two follow, the third says something.
    let mut following = [amina, yuki].map(|line| Running::new(&mut shell(&format!("exec {line}"))));
    paste(oleh);
    for followed in &mut following {
        followed.read_until("See you there");
        assert_eq!(followed.interrupt(), Some(0));
    }

    // Two new ones.
    for line in [ada, grace, room, send] {
        paste(line);
    }
    paste_until(receive, "Hello, across services");

    // The page; a test has no browser for it to open.
    let mut app = Running::new(&mut shell(&format!("exec {page} --no-browser")));
    app.read_until("works once and on this machine only");
    assert_eq!(app.interrupt(), Some(0));
    assert_eq!(services.interrupt(), Some(0));

    // Another time, on other ports: the two have their accounts and their room, and only that is printed.
    let mut services = up(place.path(), &[]);
    let lines = commands(&services.read_until("until Ctrl-C"));
    assert_eq!(lines, [send.clone(), receive.clone(), page.clone()]);
    paste(send);
    paste_until(receive, "Hello, across services");
    assert_eq!(services.interrupt(), Some(0));
}
