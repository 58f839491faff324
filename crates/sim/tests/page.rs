//! `docs/drill.md` lists the attacks as they are.

#![allow(clippy::unwrap_used)]

use trefoil_sim::{attack::page, attacks};

#[test]
fn the_page_has_every_attack_with_what_stops_it() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/drill.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = found.split_at(found.find("| attack |").unwrap());
    let after = &rest[rest.find("\n\n").unwrap() + 1..];
    let written = format!("{before}{}{after}", page(attacks::ALL));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
        return;
    }
    assert_eq!(found, written, "regenerate with UPDATE_DOCS=1 cargo nextest run -p trefoil-sim --test page");
}
