//! Tells the crate which target it is built for, so that `trefoil update` takes no release of another one, and takes the
//! built pages (`web/dist` of `trefoil app`, `web/dist-desk` of a service's console; made by `make page`) into the program.
//! Without them the program still builds, warns, and shows pages that say how to get the real ones.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=TREFOIL_TARGET={}", env::var("TARGET").unwrap_or_default());
    table("../../web/dist", "page.rs", "the page of `trefoil app`")?;
    table("../../web/dist-desk", "console_page.rs", "the page of the safety team's console")
}

/// Writes the files of a folder as a table of paths and bytes.
fn table(dist: &str, name: &str, what: &str) -> io::Result<()> {
    let dist = Path::new(dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.join("index.html").is_file() {
        collect(dist, &mut files)?;
    } else {
        println!("cargo::warning={what} is not built and will not be in this program: run `make page`");
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(dist).expect("it was found there").to_string_lossy().replace('\\', "/");
        let whole = fs::canonicalize(&file)?;
        table.push_str(&format!(
            "    ({name:?}, include_bytes!({:?}).as_slice()),\n",
            whole.display().to_string()
        ));
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names the folder"));
    fs::write(out.join(name), table)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}
