//! Why to look twice at a link before it is followed: whether it leads where it seems to. Decided here, from the link alone.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use reqwest::Url;
use serde::Serialize;
use std::net::Ipv4Addr;
use unicode_security::{MixedScript as _, skeleton};
use utoipa::ToSchema;

/// Links of one message that are warned of.
const MOST: usize = 20;

/// Why to look twice at a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkWarning {
    /// Before the host stands something that can be taken for one.
    UserInfo,
    /// Its text names another host than it leads to.
    OtherHost,
    /// Its host has letters that look like others.
    Lookalike,
    /// It leads to a number, and nobody is named there.
    Address,
    /// Its host has letters beyond a to z, which may be what they seem.
    International,
}

/// A link to look twice at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warned {
    /// Where it leads.
    pub href: String,
    /// To which host, as browsers resolve it.
    pub host: String,
    /// Why.
    pub warning: LinkWarning,
}

impl LinkWarning {
    /// In words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::UserInfo => "what stands before the @ is no host",
            Self::OtherHost => "its text names another host",
            Self::Lookalike => "its host has letters that look like others",
            Self::Address => "it leads to a number, not to a name",
            Self::International => "its host has letters beyond a to z",
        }
    }
}

/// Why to look twice at a link to the web that says something.
pub fn warning(said: &str, target: &Url) -> Option<LinkWarning> {
    let host = target.host_str().unwrap_or_default();
    let (unicode, _) = idna::domain_to_unicode(host);
    let international = unicode.split('.').any(|label| !label.is_ascii() || label.starts_with("xn--"));
    if !target.username().is_empty() || target.password().is_some() {
        Some(LinkWarning::UserInfo)
    } else if names_other_host(said, host) {
        Some(LinkWarning::OtherHost)
    } else if unicode.split('.').any(looks_like_another) {
        Some(LinkWarning::Lookalike)
    } else if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
        Some(LinkWarning::Address)
    } else if international {
        Some(LinkWarning::International)
    } else {
        None
    }
}

/// The links of a text to look twice at.
pub fn warned(markdown: &str) -> Vec<Warned> {
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    let mut running = String::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                open = Some((dest_url.into_string(), String::new()));
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                if let Some((target, said)) = open.take() {
                    found.extend(look(&said, &target));
                }
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => match &mut open {
                Some((_, said)) => said.push_str(&text),
                None => running.push_str(&text),
            },
            _ => match &mut open {
                Some((_, said)) => said.push(' '),
                None => running.push(' '),
            },
        }
    }
    let mut rest = running.as_str();
    while let Some((_, address, after)) = next_address(rest) {
        found.extend(look(address, address));
        rest = after;
    }
    found.truncate(MOST);
    found
}

/// The first address of the web in a text, with what stands before and after it.
pub fn next_address(text: &str) -> Option<(&str, &str, &str)> {
    let start = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    let address = &text[start..];
    let end = address
        .find(|letter: char| letter.is_whitespace() || matches!(letter, '<' | '>' | '"'))
        .unwrap_or(address.len());
    let address = address[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', ')', ']', '}']);
    Some((&text[..start], address, &text[start + address.len()..]))
}

fn look(said: &str, target: &str) -> Option<Warned> {
    let url = Url::parse(target).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let warning = warning(said, &url)?;
    Some(Warned { host: url.host_str().unwrap_or_default().to_owned(), href: url.into(), warning })
}

/// Whether a part of a host has letters that are taken for others: of several scripts, or all of them like letters of ours.
fn looks_like_another(label: &str) -> bool {
    if label.is_ascii() {
        return false;
    }
    let alike: String = skeleton(label).collect();
    !label.is_single_script() || alike.is_ascii()
}

/// Whether a text reads like an address of another host: one of its words does.
fn names_other_host(said: &str, host: &str) -> bool {
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    said.split(char::is_whitespace).any(|word| {
        let word = word.trim_matches(|letter: char| !letter.is_alphanumeric() && letter != '/');
        let whole = if word.contains("://") { word.to_owned() } else { format!("https://{word}") };
        let looks_like_one = word.contains("://") || word.starts_with("www.") || reads_as_domain(word);
        let named = Url::parse(&whole).ok().and_then(|url| url.host_str().map(str::to_owned));
        named.is_some_and(|named| looks_like_one && bare(&named) != bare(host))
    })
}

/// Whether people would take a word for a domain: labels with points between them, and a last one of letters. What follows a slash is
/// not looked at. No list of endings is asked: a file that is named in the words of a link (`report.pdf`) is warned of too.
fn reads_as_domain(word: &str) -> bool {
    let host = word.split(['/', '?', '#']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    let plain = |label: &&str| {
        !label.is_empty() && label.chars().all(|letter| letter.is_alphanumeric() || letter == '-')
    };
    labels.len() > 1
        && labels.iter().all(plain)
        && labels.last().is_some_and(|last| last.chars().count() > 1 && last.chars().all(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last word of its own, as an address in a text is.
    fn bare(address: &str) -> Option<LinkWarning> {
        let url = Url::parse(address).unwrap_or_else(|error| panic!("{address}: {error}"));
        warning(address, &url)
    }

    #[test]
    fn what_leads_elsewhere_than_it_seems_is_warned_of() {
        use LinkWarning::{Address, International, Lookalike, OtherHost, UserInfo};
        for (address, expected) in [
            ("https://example.org/path?q=1#x", None),
            ("http://sub.example.co.uk:8080/", None),
            // One letter of another script, and all letters of one.
            ("https://\u{430}pple.example", Some(Lookalike)),
            ("https://xn--pple-43d.example", Some(Lookalike)),
            ("https://\u{430}\u{440}\u{440}\u{4CF}\u{435}.example", Some(Lookalike)),
            ("https://xn--80ak6aa92e.com", Some(Lookalike)),
            ("https://\u{3B1}pple.example", Some(Lookalike)),
            ("https://login.p\u{430}ypal.com/x", Some(Lookalike)),
            // What is no other than it seems.
            ("https://m\u{FC}nchen.de", Some(International)),
            ("https://xn--mnchen-3ya.de", Some(International)),
            ("https://\u{440}\u{43E}\u{441}\u{441}\u{438}\u{44F}.\u{440}\u{444}", Some(International)),
            ("https://\u{65E5}\u{672C}\u{8A9E}.jp", Some(International)),
            ("https://bank.example@evil.example/", Some(UserInfo)),
            ("https://user:pass@evil.example", Some(UserInfo)),
            ("http://192.0.2.7/login", Some(Address)),
            ("http://3221225991/", Some(Address)),
            ("http://0xC0.0.2.7/", Some(Address)),
            ("http://[2001:db8::1]/", Some(Address)),
        ] {
            assert_eq!(bare(address), expected, "{address}");
        }
        for (said, target, expected) in [
            ("the news", "https://example.org", None),
            ("www.example.org", "https://example.org", None),
            ("Example.org/path", "https://www.example.org/other", None),
            ("bank.example", "https://evil.example", Some(OtherHost)),
            ("https://bank.example/x", "https://evil.example", Some(OtherHost)),
            ("log in at https://bank.example", "https://evil.example", Some(OtherHost)),
            ("see www.bank.example now", "https://evil.example", Some(OtherHost)),
            ("bank.example", "https://bank.example.evil.example", Some(OtherHost)),
            ("Log in at bank.example", "https://evil.example", Some(OtherHost)),
            ("Log in (bank.example/login)!", "https://evil.example", Some(OtherHost)),
            ("at bank.example, as ever", "https://www.bank.example/login", None),
            ("version 1.2.3 is out. See it", "https://example.org", None),
            ("at 10.30, e.g. here...", "https://example.org", None),
            ("my shop", "http://192.0.2.7", Some(Address)),
        ] {
            let url = Url::parse(target).unwrap_or_else(|error| panic!("{target}: {error}"));
            assert_eq!(warning(said, &url), expected, "[{said}]({target})");
        }
    }

    #[test]
    fn links_are_found_wherever_they_stand_in_a_text() {
        let found = warned(
            "look: https://a.example, [bank.example](https://evil.example) and *http://192.0.2.7/x*, \
             [mail](mailto:a@b.example), `https://u@code.example`",
        );
        let told: Vec<_> = found.iter().map(|one| (one.host.as_str(), one.warning)).collect();
        assert_eq!(told, [("evil.example", LinkWarning::OtherHost), ("192.0.2.7", LinkWarning::Address)]);
        assert_eq!(warned(&"http://192.0.2.7 ".repeat(100)).len(), MOST);
    }
}
