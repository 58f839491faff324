//! Statements of reasons, as the DSA Transparency Database of the European Commission takes them (Regulation (EU) 2022/2065,
//! article 24(5); attributes and values as its public documentation of the API names them).
//!
//! A decision becomes JSON here, checked by the database's own rules. Nothing is sent: the operator has a token for that, or
//! has not. Statements are published, so they must name nobody.

#[cfg(test)]
mod tests;
mod values;

pub use values::{
    AccountDecision, AccountType, Automation, Category, ContentType, Keyword, Monetary, Provision, Source,
    Visibility,
};

use crate::clock::date;
use serde_json::{Map, Value, json};
use trefoil_proto::Timestamp;

/// Most characters of the facts.
pub const FACTS: usize = 5000;
const EXPLANATION: usize = 2000;
const SHORT: usize = 500;
/// Countries of the European Union and the European Economic Area, as the database names them.
const COUNTRIES: [&str; 30] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT",
    "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
];
/// First day of 2000, of 2020 and of 2038, the bounds of the database's dates, in milliseconds since the UNIX epoch.
const YEAR_2000: u64 = 946_684_800_000;
const YEAR_2020: u64 = 1_577_836_800_000;
const YEAR_2038: u64 = 2_145_916_800_000;

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What became of it. At least one restriction.
    pub actions: Actions,
    /// On what ground.
    pub ground: Ground,
    /// Where the law or the terms can be read.
    pub ground_url: Option<String>,
    /// The facts and circumstances relied on, at most [`FACTS`] characters, of nobody's person.
    pub facts: String,
    /// What it is about.
    pub category: Category,
    /// What it is about besides.
    pub more_categories: Vec<Category>,
    /// What it is about more exactly.
    pub keywords: Vec<Keyword>,
    /// What the content was. At least one.
    pub content: Vec<ContentType>,
    /// What it was, if [`ContentType::Other`] is among them.
    pub other_content: Option<String>,
    /// In which countries the decision holds, by codes of two letters; empty for unsaid.
    pub territory: Vec<String>,
    /// The content's language, by its code of two letters.
    pub language: Option<String>,
    /// When the content was sent.
    pub sent: Timestamp,
    /// From when on the decision holds.
    pub applies: Timestamp,
    /// What it was found by.
    pub source: Source,
    /// Who gave notice, where that may be said; never a person.
    pub source_identity: Option<String>,
    /// Whether a machine found it.
    pub found_by_machine: bool,
    /// Whether a machine decided.
    pub automation: Automation,
    /// The platform's own number of the statement: letters, digits, `-` and `_`.
    pub puid: String,
}

/// What became of content, payments, the service and the account, each with the day on which it ends, if it does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actions {
    /// Who can see the content.
    pub visibility: Vec<Visibility>,
    /// In words, if [`Visibility::Other`] is among them.
    pub other_visibility: Option<String>,
    /// When that ends.
    pub visibility_ends: Option<Timestamp>,
    /// Payments.
    pub monetary: Option<Monetary>,
    /// In words, for [`Monetary::Other`].
    pub other_monetary: Option<String>,
    /// When that ends.
    pub monetary_ends: Option<Timestamp>,
    /// The service.
    pub provision: Option<Provision>,
    /// When that ends.
    pub provision_ends: Option<Timestamp>,
    /// The account.
    pub account: Option<AccountDecision>,
    /// When that ends.
    pub account_ends: Option<Timestamp>,
    /// Whose account it was.
    pub account_type: Option<AccountType>,
}

/// The ground of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ground {
    /// It is against the law.
    Illegal {
        /// Which law, at most 500 characters.
        law: String,
        /// Why, at most 2000 characters.
        explanation: String,
    },
    /// It is against the terms of the service.
    Incompatible {
        /// Which term, at most 500 characters.
        term: String,
        /// Why, at most 2000 characters.
        explanation: String,
        /// Whether it is against the law as well, if that was looked at.
        illegal: Option<bool>,
    },
}

/// Why a statement would not be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Nothing was decided.
    #[error("a statement needs a decision: about visibility, payments, the service or the account")]
    NoDecision,
    /// An attribute that has to be there is missing or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An attribute is longer than it may be.
    #[error("{attribute} has more than {limit} characters")]
    TooLong {
        /// Which.
        attribute: &'static str,
        /// In characters.
        limit: usize,
    },
    /// An attribute has a value that the database does not know.
    #[error("{0} has a value that the database does not take")]
    Value(&'static str),
    /// A text names a person: statements are public.
    #[error("{0} names a person by their address, and statements are public")]
    NamesSomebody(&'static str),
}

impl Statement {
    /// The statement as the API takes it.
    ///
    /// # Errors
    /// [`StatementError`] says which rule of the database it breaks.
    pub fn to_json(&self) -> Result<Value, StatementError> {
        let mut made = Attributes::default();
        self.actions.add(&mut made)?;
        self.ground.add(&mut made)?;
        if let Some(url) = &self.ground_url {
            let is_url = url.starts_with("https://") || url.starts_with("http://");
            made.text("decision_ground_reference_url", url, SHORT)?;
            is_url.then_some(()).ok_or(StatementError::Value("decision_ground_reference_url"))?;
        }
        made.text("decision_facts", &self.facts, FACTS)?;
        made.put("category", json!(self.category));
        made.list("category_addition", &self.more_categories);
        made.list("category_specification", &self.keywords);
        if self.content.is_empty() {
            return Err(StatementError::Missing("content_type"));
        }
        made.list("content_type", &self.content);
        let other = self.content.contains(&ContentType::Other);
        made.other("content_type_other", other, self.other_content.as_deref())?;
        if !self.territory.iter().all(|country| COUNTRIES.contains(&country.as_str())) {
            return Err(StatementError::Value("territorial_scope"));
        }
        made.list("territorial_scope", &self.territory);
        if let Some(language) = &self.language {
            let is_code = language.len() == 2 && language.bytes().all(|byte| byte.is_ascii_uppercase());
            is_code.then_some(()).ok_or(StatementError::Value("content_language"))?;
            made.put("content_language", json!(language));
        }
        made.day("content_date", self.sent, YEAR_2000)?;
        made.day("application_date", self.applies, YEAR_2020)?;
        made.put("source_type", json!(self.source));
        if let (Some(identity), true) = (&self.source_identity, self.source != Source::Voluntary) {
            made.text("source_identity", identity, SHORT)?;
        }
        made.put("automated_detection", yes_or_no(self.found_by_machine));
        made.put("automated_decision", json!(self.automation));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        made.text("puid", &self.puid, SHORT)?;
        self.puid.bytes().all(plain).then_some(()).ok_or(StatementError::Value("puid"))?;
        Ok(Value::Object(made.0))
    }
}

impl Actions {
    fn add(&self, made: &mut Attributes) -> Result<(), StatementError> {
        let decided = !self.visibility.is_empty()
            || self.monetary.is_some()
            || self.provision.is_some()
            || self.account.is_some();
        decided.then_some(()).ok_or(StatementError::NoDecision)?;
        made.list("decision_visibility", &self.visibility);
        let other = self.visibility.contains(&Visibility::Other);
        made.other("decision_visibility_other", other, self.other_visibility.as_deref())?;
        made.choice("decision_monetary", self.monetary);
        let other = self.monetary == Some(Monetary::Other);
        made.other("decision_monetary_other", other, self.other_monetary.as_deref())?;
        made.choice("decision_provision", self.provision);
        made.choice("decision_account", self.account);
        made.choice("account_type", self.account_type);
        for (attribute, end) in [
            ("end_date_visibility_restriction", self.visibility_ends),
            ("end_date_monetary_restriction", self.monetary_ends),
            ("end_date_service_restriction", self.provision_ends),
            ("end_date_account_restriction", self.account_ends),
        ] {
            if let Some(end) = end {
                made.day(attribute, end, 0)?;
            }
        }
        Ok(())
    }
}

impl Ground {
    fn add(&self, made: &mut Attributes) -> Result<(), StatementError> {
        match self {
            Self::Illegal { law, explanation } => {
                made.put("decision_ground", json!("DECISION_GROUND_ILLEGAL_CONTENT"));
                made.text("illegal_content_legal_ground", law, SHORT)?;
                made.text("illegal_content_explanation", explanation, EXPLANATION)
            }
            Self::Incompatible { term, explanation, illegal } => {
                made.put("decision_ground", json!("DECISION_GROUND_INCOMPATIBLE_CONTENT"));
                made.text("incompatible_content_ground", term, SHORT)?;
                if let Some(illegal) = illegal {
                    made.put("incompatible_content_illegal", yes_or_no(*illegal));
                }
                made.text("incompatible_content_explanation", explanation, EXPLANATION)
            }
        }
    }
}

/// What was said so far.
#[derive(Default)]
struct Attributes(Map<String, Value>);

impl Attributes {
    fn put(&mut self, attribute: &'static str, value: Value) {
        self.0.insert(attribute.to_owned(), value);
    }

    fn choice(&mut self, attribute: &'static str, choice: Option<impl serde::Serialize>) {
        if let Some(choice) = choice {
            self.put(attribute, json!(choice));
        }
    }

    fn list(&mut self, attribute: &'static str, values: &[impl serde::Serialize]) {
        if !values.is_empty() {
            self.put(attribute, json!(values));
        }
    }

    fn text(&mut self, attribute: &'static str, text: &str, limit: usize) -> Result<(), StatementError> {
        if text.trim().is_empty() {
            return Err(StatementError::Missing(attribute));
        }
        if text.chars().count() > limit {
            return Err(StatementError::TooLong { attribute, limit });
        }
        if text.contains("mimi://") {
            return Err(StatementError::NamesSomebody(attribute));
        }
        self.put(attribute, json!(text));
        Ok(())
    }

    /// In words what stands in no list: has to be there then, and only then.
    fn other(
        &mut self,
        attribute: &'static str,
        other: bool,
        text: Option<&str>,
    ) -> Result<(), StatementError> {
        if other { self.text(attribute, text.unwrap_or_default(), SHORT) } else { Ok(()) }
    }

    fn day(&mut self, attribute: &'static str, at: Timestamp, first: u64) -> Result<(), StatementError> {
        if !(first..=YEAR_2038).contains(&at.0) {
            return Err(StatementError::Value(attribute));
        }
        self.put(attribute, json!(date(at)));
        Ok(())
    }
}

fn yes_or_no(yes: bool) -> Value {
    json!(if yes { "Yes" } else { "No" })
}
