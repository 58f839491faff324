//! For the tests of the page: `made_anew forget DATABASE USER` and `made_anew register HOME URL CA USER NAME` do what no
//! service and no client does. See `tests/end_to_end/made_anew.rs`.
#![allow(clippy::unwrap_used)]

#[path = "../tests/end_to_end/made_anew.rs"]
mod made_anew;

use std::{env, fs, path::Path};
use trefoil::{home::Home, person::Place};

#[tokio::main]
async fn main() {
    let given: Vec<String> = env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    match given[..] {
        ["forget", database, user] => made_anew::forget(Path::new(database), &user.parse().unwrap()).await,
        ["register", home, url, ca, user, name] => {
            let home = Home::locate(Some(Path::new(home))).unwrap();
            let ca = fs::read(ca).unwrap();
            let place = Place { service: url, ca: Some(&ca) };
            made_anew::register(&home, place, &user.parse().unwrap(), name).await;
        }
        _ => panic!("see the file's head"),
    }
}
