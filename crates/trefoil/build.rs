//! Tells the crate which target it is built for, so that `trefoil update` takes no release of another one.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=TREFOIL_TARGET={}", std::env::var("TARGET").unwrap_or_default());
}
