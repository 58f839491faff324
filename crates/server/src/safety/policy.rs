//! The rules that decisions rest on, as a reviewer reads them beside a case.

use super::statement::Category;
use serde::Serialize;

/// One rule.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rule {
    /// Its name: it stands in decisions.
    pub name: &'static str,
    /// What it forbids, in a few words.
    pub title: &'static str,
    /// The whole of it.
    pub text: &'static str,
    /// What is usual at first, again, and at the worst.
    pub usual: &'static str,
    /// Who decides.
    pub weight: Weight,
    /// How the European database calls what breaks it.
    #[serde(skip)]
    pub category: Category,
}

/// Who decides something under a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// One person, but for what is grave in itself.
    OnePerson,
    /// Two people, whatever is done.
    TwoPeople,
}

/// The rule of a case in which nothing was found.
pub(super) const NOTHING: &str = "none";

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule {
        name: NOTHING,
        title: "Nothing against these rules",
        text: "What was shown breaks no rule. Being rude, wrong or unwelcome is none: the person who reported can block.",
        usual: "no action",
        weight: Weight::OnePerson,
        category: Category::OtherBreachOfTerms,
    },
    Rule {
        name: "spam",
        title: "Unsolicited messages in bulk",
        text: "The same or nearly the same said to many people who did not ask for it, by hand or by a program; accounts made for it.",
        usual: "a limit of 7 days; of 30 days when it happens again; a ban of an account that does nothing else",
        weight: Weight::OnePerson,
        category: Category::OtherBreachOfTerms,
    },
    Rule {
        name: "fraud",
        title: "Deceit for gain",
        text: "Getting money, goods, codes or secrets by pretending: false investments, false relatives, false shops, codes that \
               people are asked to pass on.",
        usual: "a suspension of 30 days; a ban where somebody lost something",
        weight: Weight::OnePerson,
        category: Category::Fraud,
    },
    Rule {
        name: "harassment",
        title: "Bullying, stalking, threats",
        text: "Going on at a person who wants to be left alone, publishing what is theirs, threatening them or those near them, \
               getting others to.",
        usual: "a warning; a limit of 7 days; a suspension of 30 days for threats",
        weight: Weight::OnePerson,
        category: Category::CyberViolence,
    },
    Rule {
        name: "hate",
        title: "Hate against a group",
        text: "Calling for violence against people, or denying that they are people, because of what they are: origin, religion, \
               sex, gender, orientation, disability.",
        usual: "a suspension of 7 days; of 30 days when it happens again",
        weight: Weight::OnePerson,
        category: Category::Speech,
    },
    Rule {
        name: "sexual-content",
        title: "Sexual content that was not wanted",
        text: "Sexual words or pictures sent to somebody who did not ask for them; intimate pictures of somebody passed on \
               without their consent; threats to.",
        usual: "a suspension of 30 days; a ban where pictures of somebody else were passed on or threatened with",
        weight: Weight::OnePerson,
        category: Category::CyberViolence,
    },
    Rule {
        name: "child-safety",
        title: "Sexual exploitation of a child",
        text: "Any sexual depiction of somebody under 18, asking for one, arranging to meet a child for it, praising it. What is \
               shown is kept for a year where the law says so, and reported to whom the law names.",
        usual: "a ban, confirmed by a second reviewer, and a report to the authority",
        weight: Weight::TwoPeople,
        category: Category::Minors,
    },
    Rule {
        name: "violence",
        title: "Violence and terrorism",
        text: "A threat that is to be believed, instructions for an attack, recruiting for or praising those who kill people for a \
               cause.",
        usual: "a ban, confirmed by a second reviewer; where a life is in danger, the emergency way to the authority",
        weight: Weight::TwoPeople,
        category: Category::Violence,
    },
    Rule {
        name: "self-harm",
        title: "Getting somebody to harm themselves",
        text: "Urging or teaching somebody to kill or hurt themselves. Somebody who speaks of harming themselves breaks no rule: \
               no action against them, and the reporter is told where help is.",
        usual: "a suspension of 30 days for who urges",
        weight: Weight::OnePerson,
        category: Category::SelfHarm,
    },
    Rule {
        name: "impersonation",
        title: "Pretending to be somebody else",
        text: "An account that makes people believe that it is another person, a service or an authority. Parody that says so is none.",
        usual: "a suspension of 30 days; a ban when it happens again",
        weight: Weight::OnePerson,
        category: Category::OtherBreachOfTerms,
    },
    Rule {
        name: "evasion",
        title: "Going round a decision",
        text: "A new account of somebody whose account is suspended or banned, used for the same.",
        usual: "a ban",
        weight: Weight::OnePerson,
        category: Category::OtherBreachOfTerms,
    },
];

/// The rule of a name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}
