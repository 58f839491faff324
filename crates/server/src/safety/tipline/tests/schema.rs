//! The schema of NCMEC's reporting API, as far as a messenger's reports go: names, order, what has to be there, how often, and
//! which values. Written from the public documentation and schema of the API.

use quick_xml::{Reader, events::Event};

/// An element of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    /// The text of a child.
    pub fn text_of(&self, name: &str) -> String {
        self.child(name).unwrap_or_else(|| panic!("{name} of {}", self.name)).text.clone()
    }

    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// An element of the schema.
pub struct Element {
    name: &'static str,
    least: usize,
    most: usize,
    attribute: Option<&'static str>,
    body: Body,
}

enum Body {
    /// A text of which something is true.
    Text(fn(&str) -> bool),
    /// Elements in this order.
    Sequence(Vec<Element>),
    /// One of these.
    Choice(Vec<Element>),
}

fn one(name: &'static str, body: Body) -> Element {
    Element { name, least: 1, most: 1, attribute: None, body }
}

fn maybe(name: &'static str, body: Body) -> Element {
    Element { least: 0, ..one(name, body) }
}

fn any(name: &'static str, body: Body) -> Element {
    Element { least: 0, most: usize::MAX, ..one(name, body) }
}

fn text(text: &'static str) -> Element {
    maybe(text, Body::Text(|_| true))
}

fn texts(name: &'static str) -> Element {
    any(name, Body::Text(|_| true))
}

fn yes_or_no(name: &'static str) -> Element {
    maybe(name, Body::Text(|text| matches!(text, "true" | "false" | "1" | "0")))
}

/// `xs:dateTime` in UTC.
fn is_time(text: &str) -> bool {
    let form = "0000-00-00T00:00:00Z";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| if f == '0' { c.is_ascii_digit() } else { c == f })
}

fn is_incident(text: &str) -> bool {
    [
        "Child Pornography (possession, manufacture, and distribution)",
        "Child Sex Trafficking",
        "Child Sex Tourism",
        "Child Sexual Molestation",
        "Misleading Domain Name",
        "Misleading Words or Digital Images on the Internet",
        "Online Enticement of Children for Sexual Acts",
        "Unsolicited Obscene Material Sent to a Child",
    ]
    .contains(&text)
}

fn is_number(text: &str) -> bool {
    text.parse::<i64>().is_ok()
}

fn person(name: &'static str) -> Element {
    let parts = ["firstName", "lastName"].map(text).into_iter();
    let parts = parts.chain(["phone", "email", "address"].map(texts));
    let last = [maybe("age", Body::Text(is_number)), text("dateOfBirth")];
    one(name, Body::Sequence(parts.chain(last).collect()))
}

/// The element `report`.
pub fn report() -> Element {
    let summary = Body::Sequence(vec![
        one("incidentType", Body::Text(is_incident)),
        text("platform"),
        text("escalateToHighPriority"),
        text("reportAnnotations"),
        one("incidentDateTime", Body::Text(is_time)),
        text("incidentDateTimeDescription"),
    ]);
    let chat = Body::Sequence(["chatClient", "chatRoomName", "content", "additionalInfo"].map(text).into());
    let reporter = Body::Sequence(vec![
        person("reportingPerson"),
        text("contactPerson"),
        text("companyTemplate"),
        text("termsOfService"),
        text("legalURL"),
    ]);
    let reported = Body::Sequence(vec![
        Element { least: 0, ..person("personOrUserReportedPerson") },
        text("vehicleDescription"),
        text("espIdentifier"),
        text("espService"),
        yes_or_no("compromisedAccount"),
        text("screenName"),
        texts("displayName"),
        texts("profileUrl"),
        text("profileBio"),
        texts("ipCaptureEvent"),
        texts("deviceId"),
        text("additionalInfo"),
    ]);
    one(
        "report",
        Body::Sequence(vec![
            text("batchedReport"),
            one("incidentSummary", summary),
            // The schema lets it be absent; the documentation says that there must be at least one.
            Element { least: 1, ..any("internetDetails", Body::Choice(vec![one("chatImIncident", chat)])) },
            text("lawEnforcement"),
            one("reporter", reporter),
            any("personOrUserReported", reported),
            texts("intendedRecipient"),
            texts("victim"),
            text("additionalInfo"),
        ]),
    )
}

/// The element `fileDetails`.
pub fn file_details() -> Element {
    one(
        "fileDetails",
        Body::Sequence(vec![
            one("reportId", Body::Text(is_number)),
            one("fileId", Body::Text(|text| !text.is_empty())),
            text("fileName"),
            text("originalFileName"),
            maybe("uploadedToEspTimestamp", Body::Text(is_time)),
            text("locationOfFile"),
            yes_or_no("fileViewedByEsp"),
            yes_or_no("exifViewedByEsp"),
            yes_or_no("publiclyAvailable"),
            maybe("fileRelevance", Body::Text(|text| matches!(text, "Reported" | "Supplemental Reported"))),
            text("fileAnnotations"),
            maybe("industryClassification", Body::Text(|text| matches!(text, "A1" | "A2" | "B1" | "B2"))),
            Element { attribute: Some("hashType"), ..texts("originalFileHash") },
            text("ipCaptureEvent"),
            texts("deviceId"),
            texts("details"),
            texts("additionalInfo"),
        ]),
    )
}

/// Reads a document and holds it to a schema.
pub fn check(document: &[u8], schema: Element) -> Result<Node, String> {
    let root = read(std::str::from_utf8(document).map_err(|error| error.to_string())?)?;
    fits(&root, &schema)?;
    Ok(root)
}

fn fits(node: &Node, element: &Element) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{why} in {}", node.name));
    if node.name != element.name {
        return wrong(&format!("{} is expected", element.name));
    }
    if let Some(attribute) = element.attribute
        && !node.attributes.iter().any(|(name, _)| name == attribute)
    {
        return wrong(&format!("attribute {attribute} is missing"));
    }
    match &element.body {
        Body::Text(is_good) if node.children.is_empty() && is_good(&node.text) => Ok(()),
        Body::Text(_) => wrong(&format!("{:?} is no value", node.text)),
        Body::Choice(elements) => match &node.children[..] {
            [child] => match elements.iter().find(|element| element.name == child.name) {
                Some(element) => fits(child, element),
                None => wrong(&format!("{} is no choice", child.name)),
            },
            _ => wrong("not exactly one choice"),
        },
        Body::Sequence(elements) => {
            let mut left = &node.children[..];
            for element in elements {
                let count = left.iter().take_while(|child| child.name == element.name).count();
                if !(element.least..=element.most).contains(&count) {
                    return wrong(&format!("{} is there {count} times", element.name));
                }
                let (these, rest) = left.split_at(count);
                these.iter().try_for_each(|child| fits(child, element))?;
                left = rest;
            }
            match left.first() {
                Some(child) => wrong(&format!("{} is not in its place", child.name)),
                None => Ok(()),
            }
        }
    }
}

fn read(document: &str) -> Result<Node, String> {
    let mut reader = Reader::from_str(document);
    let mut open = vec![Node::default()];
    loop {
        let node = open.last_mut().unwrap();
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    (attribute.key.as_ref().to_owned(), attribute.value.into_owned())
                });
                let name = start.name().as_ref().to_owned();
                open.push(Node { name, attributes: attributes.collect(), ..Node::default() });
            }
            Event::Empty(empty) => {
                let name = empty.name().as_ref().to_owned();
                node.children.push(Node { name, ..Node::default() });
            }
            Event::End(_) => {
                let closed = open.pop().unwrap();
                open.last_mut().unwrap().children.push(closed);
            }
            Event::Text(text) => node.text.push_str(&text),
            Event::GeneralRef(reference) => node.text.push_str(match &reference[..] {
                "lt" => "<",
                "gt" => ">",
                "amp" => "&",
                "quot" => "\"",
                "apos" => "'",
                _ => return Err("a reference that nobody defined".to_owned()),
            }),
            Event::Eof => break,
            _ => {}
        }
    }
    let [root] = &open[..] else { return Err("an element is not closed".to_owned()) };
    root.children.first().cloned().ok_or_else(|| "nothing is there".to_owned())
}
