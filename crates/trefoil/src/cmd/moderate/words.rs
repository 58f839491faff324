//! What the console answers, in words. What a report says, and what people wrote, is shown harmless.

use crate::{clock, print::harmless};
use serde_json::Value;
use std::fmt::Write as _;
use trefoil_proto::Timestamp;

pub(super) fn queue(answer: &Value) -> String {
    let since =
        answer["oldest"].as_u64().map_or_else(String::new, |at| format!(", the oldest since {}", when(at)));
    format!("{}: {} waiting{since}", text(&answer["queue"]), answer["cases"])
}

/// A case in one line.
pub(super) fn case_line(case: &Value) -> String {
    let state = match case["queue"].as_str() {
        Some("second") => "waits to be confirmed by somebody else".to_owned(),
        Some("appeals") => "waits for the answer to an appeal".to_owned(),
        Some(_) => "waits to be decided".to_owned(),
        None => last(&case["decisions"]).map_or_else(String::new, decision),
    };
    format!("{}  {}  about {}  {state}", text(&case["case"]), text(&case["category"]), text(&case["about"]))
}

/// A case with everything around it.
pub(super) fn item(item: &Value) -> String {
    let mut out = case_line(item);
    let mut line = |text: String| {
        let _ = write!(out, "\n  {text}");
    };
    line(format!("reported {}", when(item["opened"].as_u64().unwrap_or_default())));
    if let Some(hub) = item["handed_on_by"].as_str() {
        line(format!("handed on by {hub}, which proved it by its stamps"));
    }
    if let Some(reporter) = item["reporter"].as_str() {
        line(format!("by somebody who is known here as {reporter}"));
    }
    if let Some(reporters) = item["reporters"].as_u64().filter(|reporters| *reporters > 1) {
        line(format!("by {reporters} people in all"));
    }
    if item["also"].as_array().is_some_and(|also| !also.is_empty()) {
        line(format!("also as {}", list(&item["also"]).map(text).collect::<Vec<_>>().join(", ")));
    }
    if let Some(claim) = item["claim"].as_object() {
        let until = claim["until"].as_u64().unwrap_or_default();
        line(format!("with {} until {}", text(&claim["by"]), when(until)));
    }
    for found in list(&item["matches"]) {
        let how = if found["exact"] == true {
            "the very file".to_owned()
        } else {
            format!("a picture that looks the same, {} bits apart", found["distance"])
        };
        line(format!("on the list {} ({}): {how}", text(&found["list"]), text(&found["of"])));
    }
    if let Some(note) = item["note"].as_str().filter(|note| !note.is_empty()) {
        line(format!("note: {}", harmless(note)));
    }
    match item["shown"].as_array() {
        Some(shown) => shown.iter().enumerate().for_each(|(index, message)| {
            line(format!("message {} of {}:", index + 1, when(message["at"].as_u64().unwrap_or_default())));
            list(&message["text"])
                .for_each(|text| line(format!("  {}", harmless(text.as_str().unwrap_or_default()))));
            list(&message["attachments"]).for_each(|file| {
                line(format!(
                    "  file: {} ({}, {} bytes)",
                    text(&file["name"]),
                    text(&file["media_type"]),
                    file["size"]
                ));
            });
        }),
        None => {
            line(format!("{} messages shown; claim it and use `case --open` to see them", item["messages"]))
        }
    }
    for sent in list(&item["sent_back"]) {
        line(format!("sent back by {}: {}", text(&sent["by"]), text(&sent["why"])));
    }
    if item["proposed"].is_object() {
        line(format!("proposed: {}", decision(&item["proposed"])));
    }
    list(&item["decisions"]).for_each(|made| line(decision(made)));
    for appeal in list(&item["appeals"]) {
        line(format!("appeal of the {}: {}", text(&appeal["of"]), text(&appeal["words"])));
    }
    list(&item["others"]).for_each(|other| line(format!("also: {}", case_line(other))));
    out
}

pub(super) fn person(person: &Value) -> String {
    let mut out = text(&person["user"]);
    let standing = &person["standing"];
    let until =
        standing["until"].as_u64().map_or_else(String::new, |until| format!(" until {}", when(until)));
    let _ = write!(out, "\n  standing: {}{until}", text(&standing["is"]));
    if let (Some(day), Some(devices)) = (person["registered_day"].as_u64(), person["devices"].as_u64()) {
        let _ = write!(out, "\n  registered on {}, {devices} devices", &when(day * Timestamp::DAY)[..10]);
    }
    for case in list(&person["cases"]) {
        let _ = write!(out, "\n  {}", case_line(case));
    }
    out
}

pub(super) fn rule(rule: &Value) -> String {
    format!(
        "{}: {}\n  {}\n  usual: {}",
        text(&rule["name"]),
        text(&rule["title"]),
        text(&rule["text"]),
        text(&rule["usual"])
    )
}

pub(super) fn act(act: &Value) -> String {
    let case = act["case"].as_str().map_or_else(String::new, |case| format!("  case {case}"));
    let detail =
        act["detail"].as_str().map_or_else(String::new, |detail| format!("  ({})", harmless(detail)));
    let at = when(act["at"].as_u64().unwrap_or_default());
    format!("{}  {at}  {} {}{case}{detail}", act["number"], text(&act["who"]), text(&act["act"]))
}

pub(super) fn member(member: &Value) -> String {
    let since = when(member["since"].as_u64().unwrap_or_default());
    let removed = member["removed"].as_u64().map_or_else(String::new, |at| format!(", removed {}", when(at)));
    format!("{}  {}  since {since}{removed}", text(&member["name"]), text(&member["role"]))
}

pub(super) fn attachment(file: &Value) -> String {
    let what = file["problem"]
        .as_str()
        .map_or_else(|| format!("{} bytes", file["size"]), |why| format!("not opened: {}", harmless(why)));
    let message = file["message"].as_u64().unwrap_or_default() + 1;
    format!(
        "{}  of message {message}: {} ({}), {what}",
        file["number"],
        text(&file["name"]),
        text(&file["media_type"])
    )
}

pub(super) fn list_of_hashes(list: &Value) -> String {
    format!(
        "{}  {}, given by {}: {} files, {} pictures",
        text(&list["name"]),
        text(&list["kind"]),
        text(&list["giver"]),
        list["sha256"],
        list["pdq"]
    )
}

pub(super) fn tip(tip: &Value) -> String {
    let case = tip["case"].as_str().map_or_else(String::new, |case| format!(", case {case}"));
    let released = tip["released_by"].as_str().map_or_else(String::new, |by| format!(", released by {by}"));
    let refused = tip["refused"]["words"].as_str().map_or_else(String::new, |words| {
        format!(
            "; NCMEC refused it: {words} (code {}). Once that is mended: tip resume",
            tip["refused"]["code"]
        )
    });
    format!(
        "{}  {}  about {}, {} files, prepared by {}{released}{case}{refused}",
        text(&tip["tip"]),
        text(&tip["state"]),
        text(&tip["about"]),
        tip["files"],
        text(&tip["prepared_by"])
    )
}

fn decision(made: &Value) -> String {
    let verdict = &made["verdict"];
    let until = verdict["until"].as_u64().map_or_else(String::new, |until| format!(" until {}", when(until)));
    let second = made["second"]["by"].as_str().map_or_else(String::new, |by| format!(", confirmed by {by}"));
    let undone = made["undone"]["by"].as_str().map_or_else(String::new, |by| format!(", taken back by {by}"));
    format!(
        "{}{until} under the rule {} by {}{second}{undone}: {}",
        text(&verdict["action"]),
        text(&verdict["rule"]),
        text(&made["by"]),
        text(&verdict["explanation"])
    )
}

fn last(array: &Value) -> Option<&Value> {
    array.as_array()?.last()
}

fn list(array: &Value) -> impl Iterator<Item = &Value> {
    array.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    harmless(value.as_str().unwrap_or_default()).to_string()
}

fn when(millis: u64) -> String {
    clock::readable(Timestamp(millis)).to_string()
}
