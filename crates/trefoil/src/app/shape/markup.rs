//! Text of messages as a tree: CommonMark is read here, once, and the page draws elements from it. HTML is text, pictures
//! are links, links lead to the web or to mail only, and what could mislead is marked or taken out.

use super::budget::Budget;
use crate::show::links::{self, LinkWarning, next_address};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde::Serialize;
use trefoil_proto::UserUri;
use utoipa::ToSchema;

/// Blocks and inlines that lie deeper than this are shown without their dress.
const DEEPEST: usize = 16;
/// Emoji in a message that is shown large.
const LARGE_EMOJI: usize = 6;

/// A part of a text that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Block {
    /// Running text.
    Paragraph {
        /// What it says.
        c: Vec<Inline>,
    },
    /// A heading.
    Heading {
        /// From 1 to 6.
        level: u8,
        /// What it says.
        c: Vec<Inline>,
    },
    /// What somebody quotes.
    Quote {
        /// What it holds.
        #[schema(no_recursion)]
        c: Vec<Block>,
    },
    /// A list.
    List {
        /// The number of its first item, if it is a numbered one.
        start: Option<u64>,
        /// Its items.
        #[schema(no_recursion)]
        items: Vec<Vec<Block>>,
    },
    /// Code.
    Code {
        /// Language, as the sender named it; may be empty.
        lang: String,
        /// The code.
        text: String,
    },
    /// A line between parts.
    Rule,
}

/// A part of running text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum Inline {
    /// Text.
    Text {
        /// What it says.
        text: String,
    },
    /// Emphasis.
    Em {
        /// What is emphasised.
        #[schema(no_recursion)]
        c: Vec<Inline>,
    },
    /// Strong emphasis.
    Strong {
        /// What is emphasised.
        #[schema(no_recursion)]
        c: Vec<Inline>,
    },
    /// Struck through.
    Strike {
        /// What is.
        #[schema(no_recursion)]
        c: Vec<Inline>,
    },
    /// Code.
    Code {
        /// The code.
        text: String,
    },
    /// A link to the web or to mail.
    Link {
        /// Where to: `http`, `https` or `mailto`.
        href: String,
        /// The host that it leads to, as browsers resolve it; empty for mail.
        host: String,
        /// Why to look twice.
        warning: Option<LinkWarning>,
        /// What it says.
        #[schema(no_recursion)]
        c: Vec<Inline>,
    },
    /// Somebody is mentioned.
    Mention {
        /// Their URI.
        user: String,
        /// As it is written, with `@`.
        text: String,
    },
    /// A new line.
    Break,
}

/// A text that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Its parts.
    pub blocks: Vec<Block>,
    /// They are the beginning only: there is more of it than a page draws.
    pub cut: bool,
}

/// Reads a text, as far as the [`Budget`] of a page goes.
pub fn parse(markdown: &str) -> Drawn {
    let mut builder = Builder::default();
    for event in Parser::new_ext(markdown, Options::ENABLE_STRIKETHROUGH) {
        if !builder.budget.take_node() {
            break;
        }
        builder.take(event);
    }
    let cut = builder.budget.is_spent();
    Drawn { blocks: builder.finish(), cut }
}

/// Whether a text is some emoji and nothing else.
pub fn is_emoji_only(blocks: &[Block]) -> bool {
    let [Block::Paragraph { c }] = blocks else { return false };
    let [Inline::Text { text }] = c.as_slice() else { return false };
    let mut pictures = 0;
    for letter in text.chars() {
        match letter {
            '\u{200D}' | '\u{FE0F}' | '\u{20E3}' | '\u{1F3FB}'..='\u{1F3FF}' | ' ' => {}
            '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B50}' | '\u{2B55}' => pictures += 1,
            _ => return false,
        }
    }
    (1..=LARGE_EMOJI).contains(&pictures)
}

/// Text without what reorders or hides it: control characters but for the line's end, and those that force a direction
/// onto what follows.
pub(in crate::app) fn inert(text: &str) -> String {
    text.chars()
        .filter(|letter| {
            let forces = matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
            !forces && (!letter.is_control() || matches!(letter, '\n' | '\t'))
        })
        .collect()
}

/// What is open while the events of the parser come.
enum Open {
    Paragraph,
    Heading(u8),
    Quote(Vec<Block>),
    List(Option<u64>, Vec<Vec<Block>>),
    Item(Vec<Block>),
    Code(String, String),
    /// Its children go to what is around it.
    Plain,
}

enum OpenInline {
    Em,
    Strong,
    Strike,
    Link(String),
}

#[derive(Default)]
struct Builder {
    budget: Budget,
    done: Vec<Block>,
    open: Vec<Open>,
    /// The running text of the innermost block, and what is open in it, each with what it holds.
    line: Vec<Inline>,
    inside: Vec<(OpenInline, Vec<Inline>)>,
    /// How many more are open, too deep to be dressed: what they hold goes to what is around them.
    undressed: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => {
                let taken = self.budget.take_text(&text);
                let cut = taken.len() < text.len();
                match self.open.last_mut() {
                    Some(Open::Code(_, code)) => code.push_str(&inert(taken)),
                    _ if cut => {
                        // Half an address would lead elsewhere.
                        let (whole, half) = taken.split_at(taken.rfind(char::is_whitespace).unwrap_or(0));
                        self.text(&inert(whole));
                        self.push(Inline::Text { text: inert(half) });
                    }
                    _ => self.text(&inert(taken)),
                }
                if cut {
                    self.budget.spend();
                }
            }
            Event::Code(text) => {
                let taken = self.budget.take_text(&text);
                self.push(Inline::Code { text: inert(taken) });
                if taken.len() < text.len() {
                    self.budget.spend();
                }
            }
            Event::SoftBreak | Event::HardBreak => self.push(Inline::Break),
            Event::Rule => self.block(Block::Rule),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        let too_deep = self.open.len() >= DEEPEST;
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.open_block(Open::Paragraph),
            Tag::Heading { level, .. } => self.open_block(Open::Heading(number(level))),
            Tag::BlockQuote(_) if !too_deep => self.open_block(Open::Quote(Vec::new())),
            Tag::List(start) if !too_deep => self.open_block(Open::List(start, Vec::new())),
            Tag::Item if matches!(self.open.last(), Some(Open::List(..))) => {
                self.open_block(Open::Item(Vec::new()))
            }
            Tag::CodeBlock(kind) => {
                let lang = match kind {
                    CodeBlockKind::Fenced(lang) => inert(&lang).chars().take(32).collect(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.open_block(Open::Code(lang, String::new()));
            }
            Tag::Emphasis => self.open_inline(OpenInline::Em),
            Tag::Strong => self.open_inline(OpenInline::Strong),
            Tag::Strikethrough => self.open_inline(OpenInline::Strike),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.open_inline(OpenInline::Link(dest_url.into_string()));
            }
            _ => self.open_block(Open::Plain),
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.close_inline();
            }
            _ => self.close_block(),
        }
    }

    fn open_block(&mut self, block: Open) {
        self.end_line();
        self.open.push(block);
    }

    fn close_block(&mut self) {
        while !self.inside.is_empty() {
            self.close_inline();
        }
        match self.open.last() {
            Some(Open::Paragraph | Open::Heading(_)) => {
                let c = std::mem::take(&mut self.line);
                match self.open.pop() {
                    Some(Open::Heading(level)) => self.block(Block::Heading { level, c }),
                    _ if c.is_empty() => {}
                    _ => self.block(Block::Paragraph { c }),
                }
            }
            _ => {
                self.end_line();
                match self.open.pop() {
                    Some(Open::Quote(c)) => self.block(Block::Quote { c }),
                    Some(Open::List(start, items)) => self.block(Block::List { start, items }),
                    Some(Open::Code(lang, text)) => self.block(Block::Code { lang, text }),
                    Some(Open::Item(item)) => {
                        if let Some(Open::List(_, items)) = self.open.last_mut() {
                            items.push(item);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// Running text without a paragraph of its own (in a tight list) becomes one.
    fn end_line(&mut self) {
        while !self.inside.is_empty() {
            self.close_inline();
        }
        if !self.line.is_empty() && !matches!(self.open.last(), Some(Open::Paragraph | Open::Heading(_))) {
            let c = std::mem::take(&mut self.line);
            self.block(Block::Paragraph { c });
        }
    }

    fn block(&mut self, block: Block) {
        for open in self.open.iter_mut().rev() {
            match open {
                Open::Quote(blocks) | Open::Item(blocks) => return blocks.push(block),
                Open::List(_, items) => return items.push(vec![block]),
                _ => {}
            }
        }
        self.done.push(block);
    }

    fn open_inline(&mut self, kind: OpenInline) {
        if self.inside.len() >= DEEPEST {
            self.undressed += 1;
        } else {
            self.inside.push((kind, Vec::new()));
        }
    }

    fn close_inline(&mut self) {
        if self.undressed > 0 {
            self.undressed -= 1;
            return;
        }
        let Some((kind, c)) = self.inside.pop() else { return };
        match kind {
            OpenInline::Em => self.push(Inline::Em { c }),
            OpenInline::Strong => self.push(Inline::Strong { c }),
            OpenInline::Strike => self.push(Inline::Strike { c }),
            OpenInline::Link(target) => match link(&target, c) {
                Ok(inline) => self.push(inline),
                Err(c) => c.into_iter().for_each(|inline| self.push(inline)),
            },
        }
    }

    fn push(&mut self, inline: Inline) {
        let line = self.inside.last_mut().map_or(&mut self.line, |(_, c)| c);
        match (line.last_mut(), inline) {
            (Some(Inline::Text { text }), Inline::Text { text: more }) => text.push_str(&more),
            (_, inline) => line.push(inline),
        }
    }

    /// Text, with the addresses in it as links.
    fn text(&mut self, text: &str) {
        if self.inside.iter().any(|(kind, _)| matches!(kind, OpenInline::Link(_))) {
            return self.push(Inline::Text { text: text.to_owned() });
        }
        let mut rest = text;
        while let Some((before, address, after)) = next_address(rest) {
            if !self.budget.take_node() {
                return;
            }
            let said = vec![Inline::Text { text: address.to_owned() }];
            if !before.is_empty() {
                self.push(Inline::Text { text: before.to_owned() });
            }
            match link(address, said) {
                Ok(inline) => self.push(inline),
                Err(said) => said.into_iter().for_each(|inline| self.push(inline)),
            }
            rest = after;
        }
        if !rest.is_empty() {
            self.push(Inline::Text { text: rest.to_owned() });
        }
    }

    fn finish(mut self) -> Vec<Block> {
        while !self.open.is_empty() {
            self.close_block();
        }
        self.end_line();
        self.done
    }
}

fn number(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// A link, or what it says if it does not lead to the web, to mail, or to a person.
fn link(target: &str, c: Vec<Inline>) -> Result<Inline, Vec<Inline>> {
    let said = plain(&c);
    if let Ok(user) = target.parse::<UserUri>() {
        return if said.starts_with('@') {
            Ok(Inline::Mention { user: user.to_string(), text: said })
        } else {
            Err(c)
        };
    }
    let Ok(mut url) = reqwest::Url::parse(target) else { return Err(c) };
    let host = url.host_str().unwrap_or_default().to_owned();
    match url.scheme() {
        "http" | "https" if !host.is_empty() => {}
        "mailto" => return Ok(Inline::Link { href: url.into(), host: String::new(), warning: None, c }),
        _ => return Err(c),
    }
    let warning = links::warning(&said, &url);
    // What stands before the host is nobody's name here: it does not go along. Both fail only where there is no host.
    let _ = (url.set_username(""), url.set_password(None));
    Ok(Inline::Link { href: url.into(), host, warning, c })
}

fn plain(inlines: &[Inline]) -> String {
    inlines
        .iter()
        .map(|inline| match inline {
            Inline::Text { text } | Inline::Code { text } | Inline::Mention { text, .. } => text.clone(),
            Inline::Em { c } | Inline::Strong { c } | Inline::Strike { c } | Inline::Link { c, .. } => {
                plain(c)
            }
            Inline::Break => " ".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Inline {
        Inline::Text { text: text.to_owned() }
    }

    fn paragraph(markdown: &str) -> Vec<Inline> {
        match parse(markdown).blocks.as_slice() {
            [Block::Paragraph { c }] => c.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_people_write_is_read_as_commonmark() {
        assert_eq!(
            paragraph("a *b* **c** ~~d~~ `e`\nf"),
            [
                text("a "),
                Inline::Em { c: vec![text("b")] },
                text(" "),
                Inline::Strong { c: vec![text("c")] },
                text(" "),
                Inline::Strike { c: vec![text("d")] },
                text(" "),
                Inline::Code { text: "e".to_owned() },
                Inline::Break,
                text("f"),
            ]
        );
        let Drawn { blocks, .. } = parse("# Tea\n\n1. one\n2. two\n   > said\n\n```rust\nlet x;\n```\n---");
        assert_eq!(
            blocks,
            [
                Block::Heading { level: 1, c: vec![text("Tea")] },
                Block::List {
                    start: Some(1),
                    items: vec![
                        vec![Block::Paragraph { c: vec![text("one")] }],
                        vec![
                            Block::Paragraph { c: vec![text("two")] },
                            Block::Quote { c: vec![Block::Paragraph { c: vec![text("said")] }] },
                        ],
                    ],
                },
                Block::Code { lang: "rust".to_owned(), text: "let x;\n".to_owned() },
                Block::Rule,
            ]
        );
    }

    #[test]
    fn html_and_scripts_are_text() {
        for hostile in ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a <b onclick='x'>b</b>"]
        {
            let shown = format!("{:?}", parse(hostile));
            assert!(!shown.contains("Link"), "{shown}");
            assert!(shown.contains('<'), "{shown}");
        }
        assert_eq!(
            paragraph("[a](javascript:alert(1)) ![b](data:text/html,x) [c](file:///etc/passwd)"),
            [text("a b c")]
        );
    }

    #[test]
    fn links_lead_where_they_say_or_are_marked() {
        let warned = |markdown: &str| match paragraph(markdown).into_iter().next() {
            Some(Inline::Link { warning, host, .. }) => (warning, host),
            other => panic!("{other:?}"),
        };
        assert_eq!(warned("https://example.org/a."), (None, "example.org".to_owned()));
        assert_eq!(warned("[the news](https://example.org)"), (None, "example.org".to_owned()));
        assert_eq!(warned("[www.example.org](https://example.org)").0, None);
        assert_eq!(warned("[bank.example](https://evil.example)").0, Some(LinkWarning::OtherHost));
        assert_eq!(warned("[https://bank.example/x](https://evil.example)").0, Some(LinkWarning::OtherHost));
        let (warning, host) = warned("https://\u{430}pple.example");
        assert_eq!(warning, Some(LinkWarning::Lookalike));
        assert!(host.starts_with("xn--"), "{host}");
        let Some(Inline::Link { warning, href, .. }) = paragraph("https://user:pass@evil.example").pop()
        else {
            panic!("no link");
        };
        assert_eq!((warning, href.as_str()), (Some(LinkWarning::UserInfo), "https://evil.example/"));
    }

    #[test]
    fn a_mention_is_a_link_to_a_person() {
        assert_eq!(
            paragraph("[@Ada](mimi://account.test/u/abc) hi"),
            [
                Inline::Mention { user: "mimi://account.test/u/abc".to_owned(), text: "@Ada".to_owned() },
                text(" hi"),
            ]
        );
        assert_eq!(
            paragraph("[Ada](mimi://account.test/u/abc)"),
            [text("Ada")],
            "what does not say so is none"
        );
    }

    #[test]
    fn what_reorders_text_is_taken_out() {
        assert_eq!(paragraph("a\u{202E}b\u{2066}c\u{7}d"), [text("abcd")]);
    }

    #[test]
    fn deep_nesting_ends() {
        let deep = format!("{}x", "> ".repeat(500));
        let mut blocks = parse(&deep).blocks;
        let mut depth = 0;
        while let Some(Block::Quote { c }) = blocks.into_iter().next() {
            depth += 1;
            blocks = c;
        }
        assert_eq!(depth, DEEPEST);
        let stars = format!("{}x{}", "*a ".repeat(300), " b*".repeat(300));
        assert!(format!("{:?}", parse(&stars)).len() < 100_000);
    }

    #[test]
    fn what_a_page_cannot_draw_is_cut_off() {
        let lines = parse(&"a\n".repeat(30_000));
        assert!(lines.cut);
        let [Block::Paragraph { c }] = lines.blocks.as_slice() else { panic!("one paragraph") };
        assert!((100..=super::super::budget::NODES).contains(&c.len()), "{}", c.len());

        let links = parse(&"http://a ".repeat(6_600));
        assert!(links.cut);
        let [Block::Paragraph { c }] = links.blocks.as_slice() else { panic!("one paragraph") };
        assert!((100..=2 * super::super::budget::NODES).contains(&c.len()), "{}", c.len());

        let word = parse(&"\u{4e00}".repeat(60_000));
        assert!(word.cut);
        let [Block::Paragraph { c }] = word.blocks.as_slice() else { panic!("one paragraph") };
        assert_eq!(c, &[text(&"\u{4e00}".repeat(super::super::budget::CHARACTERS))]);

        let address = parse(&format!("{}http://a.example", "x".repeat(super::super::budget::CHARACTERS - 9)));
        assert!(
            matches!(address.blocks.as_slice(), [Block::Paragraph { c }] if matches!(c.as_slice(), [Inline::Text { .. }]))
        );

        let code = parse(&format!("```\n{}```", "x\n".repeat(30_000)));
        assert!(code.cut && matches!(code.blocks.as_slice(), [Block::Code { .. }]));
        assert!(!parse(&"a line of a poem\n".repeat(200)).cut);
    }

    #[test]
    fn some_emoji_alone_are_shown_large() {
        assert!(is_emoji_only(&parse("\u{1F389}\u{1F44D}\u{1F3FD}").blocks));
        assert!(is_emoji_only(&parse("\u{2764}\u{FE0F}").blocks));
        assert!(!is_emoji_only(&parse("ok \u{1F44D}").blocks));
        assert!(!is_emoji_only(&parse("12").blocks));
        assert!(!is_emoji_only(&parse("").blocks));
    }
}
