//! `docs/at-rest.md` says what every stored table holds and discloses, and leaves none out; what it calls impossible, something shows.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};
use trefoil_server::catalogue::{self, Impossible, Shown};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_page_is_what_the_catalogue_says() {
    let path = workspace().join("docs/at-rest.md");
    let page = catalogue::render();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &page).expect("write the page");
    }
    let found = fs::read_to_string(&path).expect("docs/at-rest.md");
    assert_eq!(
        found, page,
        "regenerate with UPDATE_DOCS=1 cargo nextest run -p trefoil-server --test at_rest"
    );
}

#[test]
fn every_table_in_the_source_has_its_line() {
    let mut declared = BTreeSet::new();
    collect_tables(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut declared);
    let noted: BTreeSet<String> = catalogue::all().map(|note| note.table.name().to_owned()).collect();
    assert!(declared.len() > 10, "the scan finds the tables: {declared:?}");
    assert_eq!(declared, noted);
}

#[test]
fn what_is_called_impossible_is_shown_by_something_that_is_there() {
    let drill = fs::read_to_string(workspace().join("docs/drill.md")).expect("docs/drill.md");
    for Impossible { asked, shown_by, .. } in catalogue::IMPOSSIBLE {
        assert!(!shown_by.is_empty(), "{asked}");
        for shown in *shown_by {
            match shown {
                Shown::Attack(name) => assert!(drill.contains(&format!("| `{name}` |")), "{asked}: {name}"),
                Shown::Tests(file) => {
                    let text = fs::read_to_string(workspace().join(file)).unwrap_or_default();
                    let tests = text.contains("#[test]") || text.contains("#[tokio::test");
                    assert!(tests, "{asked}: no tests in {file}");
                }
            }
        }
    }
}

fn collect_tables(folder: &Path, tables: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("read the source folder") {
        let path = entry.expect("read an entry").path();
        if path.is_dir() {
            collect_tables(&path, tables);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            let text = fs::read_to_string(&path).expect("read a source file");
            for part in text.split("Table::new(\"").skip(1) {
                tables.extend(part.split('"').next().map(str::to_owned));
            }
        }
    }
}
