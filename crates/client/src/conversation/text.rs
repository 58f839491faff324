//! Text of messages: `text/markdown;variant=GFM-MIMI` (draft-ietf-mimi-content-09, section 8.1.1).

use super::{ConversationError, compose::Mention};
use trefoil_proto::{UserUri, limits};

/// The text as it is sent: mentions become links, and the `<` of HTML tags becomes `&lt;` (the No HTML extension),
/// but not within code.
///
/// # Errors
/// Empty, longer than [`limits::TEXT`] bytes, or a mention that is not in it.
pub(super) fn outgoing(markdown: &str, mentions: &[Mention]) -> Result<String, ConversationError> {
    let mut text = without_html(markdown);
    // Longer names first, so that @Ann does not cut into @Anna.
    let mut mentions: Vec<_> = mentions.iter().collect();
    mentions.sort_by_key(|mention| std::cmp::Reverse(mention.name.len()));
    // Links are put in last, so that a name is not searched within another's link.
    for (index, mention) in mentions.iter().enumerate() {
        let called = format!("@{}", without_html(&mention.name));
        if mention.name.is_empty() || !text.contains(&called) {
            return Err(ConversationError::NotMentioned(mention.name.clone()));
        }
        text = text.replace(&called, &format!("\u{0}{index}\u{0}"));
    }
    for (index, mention) in mentions.iter().enumerate() {
        let name = escaped(&without_html(&mention.name));
        text = text.replace(&format!("\u{0}{index}\u{0}"), &format!("[@{name}]({})", mention.user));
    }
    if text.trim().is_empty() {
        return Err(ConversationError::Empty("the text"));
    }
    if text.len() > limits::TEXT {
        return Err(ConversationError::TooLong { what: "the text", limit: limits::TEXT });
    }
    Ok(text)
}

/// The text for places that do not render Markdown: mentions by name, `<` as it was typed. Other Markdown stays.
pub fn plain(markdown: &str) -> String {
    without_mentions(markdown).replace("&lt;", "<")
}

/// The text with the people whom it mentions by name only.
pub(super) fn without_mentions(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((start, link)) = next_mention(rest) {
        out.push_str(&rest[..start]);
        out.push_str(&link.label.replace('\\', ""));
        rest = link.rest;
    }
    out.push_str(rest);
    out
}

/// Whether a text mentions someone.
pub(super) fn mentions(markdown: &str, user: &UserUri) -> bool {
    let mut rest = markdown;
    while let Some((_, link)) = next_mention(rest) {
        if link.user == *user {
            return true;
        }
        rest = link.rest;
    }
    false
}

struct MentionLink<'t> {
    label: &'t str,
    user: UserUri,
    rest: &'t str,
}

/// The first link to a person, and where it begins.
fn next_mention(text: &str) -> Option<(usize, MentionLink<'_>)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("](mimi://") {
        let middle = from + found;
        let target = &text[middle + 2..];
        let end = target.find(')')?;
        let uri = target[..end].split_whitespace().next().unwrap_or_default();
        let start = text[..middle].rfind("[@");
        if let (Some(start), Ok(user)) = (start, uri.parse()) {
            return Some((
                start,
                MentionLink { label: &text[start + 1..middle], user, rest: &target[end + 1..] },
            ));
        }
        from = middle + 2;
    }
    None
}

fn escaped(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// Replaces the `<` of what could be an HTML tag, outside of code; drops NUL, which CommonMark forbids.
fn without_html(markdown: &str) -> String {
    let mut out = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some(c) = rest.chars().next() {
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        if ticks > 0 {
            let (fence, after) = rest.split_at(ticks);
            // Code runs to the same number of backticks; without them, the backticks are just backticks.
            let code = closing(after, ticks).map_or(0, |end| end + ticks);
            out.push_str(fence);
            out.push_str(&after[..code].replace('\u{0}', ""));
            rest = &after[code..];
            continue;
        }
        let after = &rest[c.len_utf8()..];
        let opens_tag =
            after.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'));
        match c {
            '<' if opens_tag => out.push_str("&lt;"),
            '\u{0}' => {}
            _ => out.push(c),
        }
        rest = after;
    }
    out
}

/// Where a run of exactly `ticks` backticks begins.
fn closing(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == ticks {
            return Some(start);
        }
        at = start + run;
    }
    None
}
