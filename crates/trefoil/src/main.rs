//! The binary: hands the command line to the library and its answer to the system.

use std::process::ExitCode;

// What people run has every defence, whatever else is built beside it.
const _: () = assert!(!trefoil_proto::defence::SWITCHABLE, "the feature `undefended` is for the drill alone");

fn main() -> ExitCode {
    trefoil::cmd::run()
}
