//! Targets of the crate `client`: which one this is, the name of the binary says.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    trefoil_client::fuzzing::run(env!("CARGO_BIN_NAME"), input);
});
