//! Signs of a swindle in what a stranger says, by their words alone: looked for on the device, told to its person, to nobody
//! else. A hint, and no judgement: some who say this mean well.

use super::FoldedText;
use std::sync::LazyLock;

/// What somebody may be up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspicion {
    /// They ask for a code that was sent to the person: it opens an account.
    Code,
    /// They are after money.
    Money,
}

/// Codes that services send.
const CODES: &[&str] = &[
    "code",
    "codes",
    "verification code",
    "passcode",
    "otp",
    "pin",
    "6 digits",
    "six digits",
    "6-digit",
    "bestätigungscode",
    "verifizierungscode",
    "sicherheitscode",
    "einmalcode",
    "ziffern",
    "tan-nummer",
    "رمز",
    "الرمز",
    "كود",
    "الكود",
    "رقم التحقق",
];
/// Asking for something.
const GIVE: &[&str] = &[
    "send me",
    "send it to me",
    "give me",
    "tell me",
    "forward me",
    "forward it",
    "share it",
    "share the",
    "read me",
    "text me",
    "what is the",
    "whats the",
    "what's the",
    "schick mir",
    "schicke mir",
    "schicken sie",
    "sende mir",
    "senden sie",
    "gib mir",
    "geben sie",
    "sag mir",
    "nenn mir",
    "leite mir",
    "leite ihn",
    "teile mir",
    "wie lautet",
    "ارسل",
    "أرسل",
    "أرسلي",
    "ابعث",
    "ابعثي",
    "اعطني",
    "أعطني",
    "اعطيني",
    "قل لي",
    "ما هو",
];
/// What swindlers ask for, and few others do.
const PAYMENT: &[&str] = &[
    "gift card",
    "gift cards",
    "giftcard",
    "giftcards",
    "itunes card",
    "steam card",
    "western union",
    "moneygram",
    "bitcoin",
    "bitcoins",
    "btc",
    "usdt",
    "crypto",
    "cryptocurrency",
    "lottery",
    "inheritance",
    "you have won",
    "you won",
    "geschenkkarte",
    "geschenkkarten",
    "gutscheinkarte",
    "gutscheinkarten",
    "guthabenkarte",
    "guthabenkarten",
    "krypto",
    "kryptowährung",
    "lotterie",
    "erbschaft",
    "sie haben gewonnen",
    "du hast gewonnen",
    "بطاقة هدايا",
    "بطاقات هدايا",
    "بيتكوين",
    "عملات رقمية",
    "عملة رقمية",
    "ويسترن يونيون",
    "يانصيب",
    "ميراث",
    "لقد ربحت",
];
/// Money, of which everybody speaks.
const MONEY: &[&str] = &[
    "money",
    "cash",
    "transfer",
    "bank account",
    "paypal",
    "loan",
    "invest",
    "investment",
    "trading",
    "fee",
    "euros",
    "dollars",
    "geld",
    "überweisen",
    "überweise",
    "überweisung",
    "bankkonto",
    "kredit",
    "darlehen",
    "investieren",
    "investition",
    "gebühr",
    "euro",
    "مال",
    "المال",
    "نقود",
    "تحويل",
    "حساب بنكي",
    "قرض",
    "استثمار",
    "رسوم",
    "دولار",
    "يورو",
];
/// Haste, need, and what is too good.
const PRESSURE: &[&str] = &[
    "urgent",
    "urgently",
    "immediately",
    "right now",
    "asap",
    "emergency",
    "hurry",
    "today only",
    "accident",
    "guaranteed",
    "double your",
    "profit",
    "profits",
    "new number",
    "lost my phone",
    "phone is broken",
    "dringend",
    "sofort",
    "schnell",
    "eilig",
    "notfall",
    "unfall",
    "heute noch",
    "garantiert",
    "rendite",
    "gewinne",
    "neue nummer",
    "handy verloren",
    "handy ist kaputt",
    "عاجل",
    "عاجلا",
    "فورا",
    "حالا",
    "بسرعة",
    "طوارئ",
    "حادث",
    "مضمون",
    "أرباح",
    "رقمي الجديد",
    "ضاع هاتفي",
];

static WORDS: LazyLock<[Vec<FoldedText>; 5]> = LazyLock::new(|| {
    [CODES, GIVE, PAYMENT, MONEY, PRESSURE]
        .map(|words| words.iter().map(|word| FoldedText::of(word)).collect())
});

/// What somebody may be up to who says this, a text a message.
pub fn suspicion<'t>(said: impl IntoIterator<Item = &'t str>) -> Option<Suspicion> {
    let [codes, give, payment, money, pressure] = &*WORDS;
    let (mut pays, mut speaks_of_money, mut presses) = (false, false, false);
    for text in said {
        let text = FoldedText::of(text);
        let any = |words: &[FoldedText]| words.iter().any(|word| text.holds(word));
        if any(codes) && any(give) {
            return Some(Suspicion::Code);
        }
        pays |= any(payment);
        speaks_of_money |= any(money);
        presses |= any(pressure);
    }
    (pays || speaks_of_money && presses).then_some(Suspicion::Money)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_a_swindle_are_seen_in_three_languages_and_disguise() {
        for (said, expected) in [
            (&["Hi! Please send me the 6-digit code you just got"][..], Suspicion::Code),
            (&["Schick mir bitte den Bestätigungscode"], Suspicion::Code),
            (&["أرسل لي الرمز الذي وصلك"], Suspicion::Code),
            (&["sеnd mе the cоde"], Suspicion::Code),
            (&["Hello dear", "can you buy some gift cards for me"], Suspicion::Money),
            (&["Mama, das ist meine neue Nummer", "kannst du Geld überweisen?"], Suspicion::Money),
            (&["I need money, it is urgent"], Suspicion::Money),
            (&["Bitcoin ist die Zukunft"], Suspicion::Money),
            (&["استثمار مضمون وأرباح كبيرة"], Suspicion::Money),
        ] {
            assert_eq!(suspicion(said.iter().copied()), Some(expected), "{said:?}");
        }
    }

    #[test]
    fn what_people_say_to_each_other_is_none() {
        for said in [
            "Hello, we met at the choir on Thursday. Is it you?",
            "Could you review my code on Monday?",
            "What is the time there?",
            "I transfer trains in Leipzig",
            "Kommst du schnell vorbei?",
            "Die Geldbörse habe ich gefunden",
            "مرحبا، كيف حالك؟",
            "",
        ] {
            assert_eq!(suspicion([said]), None, "{said:?}");
        }
    }
}
