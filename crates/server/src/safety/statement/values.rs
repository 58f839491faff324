//! The values that the database knows, by its own names: those that a decision about messages or an account can have, and those of its
//! documented example.

macro_rules! values {
    ($($(#[$doc:meta])* $name:ident { $($(#[$value_doc:meta])* $value:ident = $written:literal,)+ })+) => {
        $(
            $(#[$doc])*
            #[derive(
                Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
            )]
            pub enum $name {
                $($(#[$value_doc])* #[serde(rename = $written)] $value,)+
            }
        )+
    };
}

values! {
    /// Who can still see the content (`decision_visibility`).
    Visibility {
        /// Nobody: access is disabled.
        Disabled = "DECISION_VISIBILITY_CONTENT_DISABLED",
        /// Something else, said in words.
        Other = "DECISION_VISIBILITY_OTHER",
    }
    /// What became of payments (`decision_monetary`).
    Monetary {
        /// Ended.
        Ended = "DECISION_MONETARY_TERMINATION",
        /// Something else, said in words.
        Other = "DECISION_MONETARY_OTHER",
    }
    /// What became of the service (`decision_provision`).
    Provision {
        /// Part of it is suspended.
        PartlySuspended = "DECISION_PROVISION_PARTIAL_SUSPENSION",
        /// All of it is suspended.
        Suspended = "DECISION_PROVISION_TOTAL_SUSPENSION",
    }
    /// What became of the account (`decision_account`).
    AccountDecision {
        /// Suspended.
        Suspended = "DECISION_ACCOUNT_SUSPENDED",
        /// Ended.
        Ended = "DECISION_ACCOUNT_TERMINATED",
    }
    /// Whose account it is (`account_type`).
    AccountType {
        /// A business's.
        Business = "ACCOUNT_TYPE_BUSINESS",
        /// A person's.
        Private = "ACCOUNT_TYPE_PRIVATE",
    }
    /// What the content was (`content_type`).
    ContentType {
        /// Sound.
        Audio = "CONTENT_TYPE_AUDIO",
        /// A picture.
        Image = "CONTENT_TYPE_IMAGE",
        /// Made by a machine.
        SyntheticMedia = "CONTENT_TYPE_SYNTHETIC_MEDIA",
        /// Words.
        Text = "CONTENT_TYPE_TEXT",
        /// A film.
        Video = "CONTENT_TYPE_VIDEO",
        /// Something else, said in words.
        Other = "CONTENT_TYPE_OTHER",
    }
    /// What the decision is about (`category`).
    Category {
        /// Cyber violence.
        CyberViolence = "STATEMENT_CATEGORY_CYBER_VIOLENCE",
        /// Cyber violence against women.
        CyberViolenceAgainstWomen = "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
        /// Illegal or harmful speech.
        Speech = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
        /// Another breach of the terms.
        OtherBreachOfTerms = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        /// Protection of minors.
        Minors = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
        /// Scams and fraud.
        Fraud = "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        /// Harm to oneself.
        SelfHarm = "STATEMENT_CATEGORY_SELF_HARM",
        /// Violence.
        Violence = "STATEMENT_CATEGORY_VIOLENCE",
    }
    /// What it is about more exactly (`category_specification`): of the database's keywords.
    Keyword {
        /// Child sexual abuse material.
        ChildSexualAbuse = "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL",
    }
    /// What it was found by (`source_type`).
    Source {
        /// A notice under article 16.
        Notice = "SOURCE_ARTICLE_16",
        /// A trusted flagger's notice.
        TrustedFlagger = "SOURCE_TRUSTED_FLAGGER",
        /// The platform's own initiative.
        Voluntary = "SOURCE_VOLUNTARY",
    }
    /// Whether a machine decided (`automated_decision`).
    Automation {
        /// Together with people.
        Partially = "AUTOMATED_DECISION_PARTIALLY",
        /// People did.
        None = "AUTOMATED_DECISION_NOT_AUTOMATED",
    }
}
