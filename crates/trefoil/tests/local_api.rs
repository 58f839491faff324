//! The description of the local API in `docs/openapi.json` is what the handlers say. Run with `UPDATE_DOCS=1` to write it
//! anew.

#![allow(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it should be")]

use std::{fs, path::Path};

#[test]
fn the_description_that_is_kept_is_that_of_the_handlers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = trefoil::app::document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "regenerate with UPDATE_DOCS=1 cargo nextest run -p trefoil --test local_api");
}

#[test]
fn what_changes_something_is_not_asked_with_get() {
    let document: serde_json::Value = serde_json::from_str(&trefoil::app::document()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let get = methods.get("get").is_some();
        let body = methods.pointer("/get/requestBody").is_some();
        assert!(!(get && body), "{path} takes a body with GET");
        for method in methods.as_object().unwrap().keys() {
            let known = ["get", "post", "put", "delete", "parameters"].contains(&method.as_str());
            assert!(known, "{path}: {method}");
        }
    }
}
