//! The values that the database knows, by its own names.

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
        /// Nobody: it is removed.
        Removed = "DECISION_VISIBILITY_CONTENT_REMOVED",
        /// Nobody: access is disabled.
        Disabled = "DECISION_VISIBILITY_CONTENT_DISABLED",
        /// It is shown less.
        Demoted = "DECISION_VISIBILITY_CONTENT_DEMOTED",
        /// Adults.
        AgeRestricted = "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED",
        /// Everyone, but it cannot be answered or passed on.
        InteractionRestricted = "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
        /// Everyone, with a label.
        Labelled = "DECISION_VISIBILITY_CONTENT_LABELLED",
        /// Something else, said in words.
        Other = "DECISION_VISIBILITY_OTHER",
    }
    /// What became of payments (`decision_monetary`).
    Monetary {
        /// Suspended.
        Suspended = "DECISION_MONETARY_SUSPENSION",
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
        /// Part of it is ended.
        PartlyEnded = "DECISION_PROVISION_PARTIAL_TERMINATION",
        /// All of it is ended.
        Ended = "DECISION_PROVISION_TOTAL_TERMINATION",
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
        /// An app.
        App = "CONTENT_TYPE_APP",
        /// Sound.
        Audio = "CONTENT_TYPE_AUDIO",
        /// A picture.
        Image = "CONTENT_TYPE_IMAGE",
        /// Goods.
        Product = "CONTENT_TYPE_PRODUCT",
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
        /// Animal welfare.
        AnimalWelfare = "STATEMENT_CATEGORY_ANIMAL_WELFARE",
        /// What consumers are told.
        ConsumerInformation = "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
        /// Cyber violence.
        CyberViolence = "STATEMENT_CATEGORY_CYBER_VIOLENCE",
        /// Cyber violence against women.
        CyberViolenceAgainstWomen = "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
        /// Data protection and privacy.
        Privacy = "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
        /// Illegal or harmful speech.
        Speech = "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
        /// Intellectual property.
        IntellectualProperty = "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
        /// Elections and public debate.
        Elections = "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
        /// Who gave notice did not say.
        NotSpecified = "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE",
        /// Another breach of the terms.
        OtherBreachOfTerms = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        /// Protection of minors.
        Minors = "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
        /// Public security.
        PublicSecurity = "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
        /// Scams and fraud.
        Fraud = "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
        /// Harm to oneself.
        SelfHarm = "STATEMENT_CATEGORY_SELF_HARM",
        /// Unsafe or prohibited goods.
        Products = "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
        /// Violence.
        Violence = "STATEMENT_CATEGORY_VIOLENCE",
    }
    /// What it is about more exactly (`category_specification`): those of the database's keywords that messages can be about.
    Keyword {
        /// Sexual material of adults.
        AdultSexualMaterial = "KEYWORD_ADULT_SEXUAL_MATERIAL",
        /// Child sexual abuse material.
        ChildSexualAbuse = "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL",
        /// The same, made with deepfake or similar technology.
        ChildSexualAbuseDeepfake = "KEYWORD_CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE",
        /// Grooming or sexual enticement of minors.
        Grooming = "KEYWORD_GROOMING_SEXUAL_ENTICEMENT_MINORS",
        /// Bullying and intimidation.
        Bullying = "KEYWORD_CYBER_BULLYING_INTIMIDATION",
        /// Harassment.
        Harassment = "KEYWORD_CYBER_HARASSMENT",
        /// Stalking.
        Stalking = "KEYWORD_CYBER_STALKING",
        /// Incitement to hatred or violence.
        Incitement = "KEYWORD_CYBER_INCITEMENT",
        /// Hate speech.
        HateSpeech = "KEYWORD_HATE_SPEECH",
        /// Intimate material shared against somebody's will.
        IntimateImages = "KEYWORD_NON_CONSENSUAL_IMAGE_SHARING",
        /// Pretending to be somebody else, or use of somebody's account.
        Impersonation = "KEYWORD_IMPERSONATION_ACCOUNT_HIJACKING",
        /// Accounts that are not what they say.
        InauthenticAccounts = "KEYWORD_INAUTHENTIC_ACCOUNTS",
        /// Phishing.
        Phishing = "KEYWORD_PHISHING",
        /// Self-mutilation.
        SelfMutilation = "KEYWORD_SELF_MUTILATION",
        /// Suicide.
        Suicide = "KEYWORD_SUICIDE",
        /// Terrorist content.
        Terrorism = "KEYWORD_TERRORIST_CONTENT",
        /// None of the keywords.
        Other = "KEYWORD_OTHER",
    }
    /// What it was found by (`source_type`).
    Source {
        /// A notice under article 16.
        Notice = "SOURCE_ARTICLE_16",
        /// A trusted flagger's notice.
        TrustedFlagger = "SOURCE_TRUSTED_FLAGGER",
        /// Another notification.
        OtherNotification = "SOURCE_TYPE_OTHER_NOTIFICATION",
        /// The platform's own initiative.
        Voluntary = "SOURCE_VOLUNTARY",
    }
    /// Whether a machine decided (`automated_decision`).
    Automation {
        /// It did.
        Fully = "AUTOMATED_DECISION_FULLY",
        /// Together with people.
        Partially = "AUTOMATED_DECISION_PARTIALLY",
        /// People did.
        None = "AUTOMATED_DECISION_NOT_AUTOMATED",
    }
}
