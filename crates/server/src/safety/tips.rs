//! Reports of cases to NCMEC's CyberTipline, at the desk: one prepares, another releases, and both see the case.

use super::{
    Safety, SafetyError,
    case::CaseRefusal,
    decide::content_of,
    evidence::{self, Bounds, EvidenceError},
    tipline::{
        Classification, FileAbout, Gathered, Incident, Line, Package, PackageId, Relevance, Reported,
        Reporter, Standing,
    },
};
use crate::{staff::Member, trail::Act};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use trefoil_proto::{Timestamp, decisions::CaseId};

/// Most bytes of files that are enclosed in one report to NCMEC: they are in memory together.
const ENCLOSED: usize = 256 * 1024 * 1024;

/// Where reports go, and who is said to make them.
pub struct TipSettings {
    /// The endpoint, with the service's name and password.
    pub line: Line,
    /// Who reports, for the service.
    pub reporter: Reporter,
}

/// What somebody says beside what the case holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// What happened.
    pub incident: Incident,
    /// Why it cannot wait.
    pub urgent: Option<String>,
    /// Anything else.
    pub remarks: Option<String>,
    /// How files are on the scale of the industry, by their number among the attachments, counted from 0.
    pub classified: BTreeMap<usize, Classification>,
    /// The files that this person looked at, all of them, by the same numbers: it weighs before a court.
    pub viewed: BTreeSet<usize>,
}

impl Safety {
    /// Prepares a report of a case that somebody has and opened. Nothing is sent before another person releases it.
    ///
    /// # Errors
    /// [`SafetyError::NoTipline`]; [`CaseRefusal::Role`]; as for the attachments of a case; [`SafetyError::Tip`].
    pub async fn prepare_tip(
        &self,
        id: CaseId,
        who: &Member,
        tip: Tip,
        now: Timestamp,
    ) -> Result<PackageId, SafetyError> {
        let settings = self.tip_settings(who)?;
        let report = self.opened_report(id, who, now).await?.ok_or(SafetyError::NoSuchCase)?;
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        if !case.is_child_safety() {
            return Err(CaseRefusal::OtherCategory.into());
        }
        let fetched = case.claimed(now).map(|claim| claim.fetched.clone()).unwrap_or_default();
        if !tip.viewed.is_subset(&fetched) {
            return Err(SafetyError::NotFetched);
        }
        let (mut files, mut about, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        let mut left = ENCLOSED;
        for (index, named) in evidence::named(&report.messages, Bounds::default()).into_iter().enumerate() {
            let exhibit = named.open(&self.way_to(id)).await;
            let within = exhibit.opened.and_then(|bytes| {
                left = left.checked_sub(bytes.len()).ok_or(EvidenceError::TooMany)?;
                Ok(bytes)
            });
            let bytes = match within {
                Ok(bytes) => bytes,
                Err(error) => {
                    missing.push(format!("Attachment {} is not enclosed: {error}.", index + 1));
                    continue;
                }
            };
            let sent = report.messages.get(exhibit.message).map(|message| message.accepted_timestamp);
            let classification = tip.classified.get(&index).copied();
            let viewed = tip.viewed.contains(&index);
            about.push(described(index, &bytes, exhibit.label.filename, sent, viewed, classification));
            files.push(bytes);
        }
        let said = report
            .messages
            .iter()
            .filter_map(content_of)
            .flat_map(|content| super::look::texts(&content.part));
        let said = said.collect::<Vec<_>>().join("\n");
        let at = report.messages.iter().map(|message| message.accepted_timestamp).min().unwrap_or(report.at);
        let remarks = tip.remarks.into_iter().chain(missing).collect::<Vec<_>>().join("\n");
        let package = Package {
            incident: tip.incident,
            at,
            at_means: Some("when the service accepted the first of the reported messages".to_owned()),
            urgent: tip.urgent,
            room: Some(report.room.to_string()),
            said: Some(said).filter(|said| !said.is_empty()),
            reporter: settings.reporter.clone(),
            reported: Reported {
                user: case.about.to_string(),
                service: case.about.domain.to_string(),
                handle: None,
                shown_as: Vec::new(),
            },
            remarks: Some(remarks).filter(|remarks| !remarks.is_empty()),
            files: about,
        };
        let gathered = self.tipline.gather(package, &files, id, who.name.as_str(), now).await;
        let Gathered { id: made, prepared } = gathered.map_err(SafetyError::Tip)?;
        // The case and the trail name it from the moment on in which it can be released.
        self.act_with(id, who, now, &prepared, |case, _| {
            case.tips.push(made.to_string());
            Ok((Act::TipPrepared, made.to_string()))
        })
        .await?;
        Ok(made)
    }

    /// Releases a report that somebody else prepared, and whose case this person opened as well; it is sent from now on.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`]; [`CaseRefusal::NotOpened`].
    pub async fn release_tip(&self, id: PackageId, who: &Member, now: Timestamp) -> Result<(), SafetyError> {
        self.tip_settings(who)?;
        let of = self.tipline.standing(id).await.map_err(SafetyError::Tip)?.case;
        let (_, case) =
            self.case(of.ok_or(SafetyError::NoSuchCase)?).await?.ok_or(SafetyError::NoSuchCase)?;
        if !case.opened_by.contains(&who.name) {
            return Err(CaseRefusal::NotOpened.into());
        }
        self.tipline.approve(id, who.name.as_str(), now).await.map_err(SafetyError::Tip)?;
        self.tips_due.notify_one();
        Ok(())
    }

    /// Takes a report back.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`].
    pub async fn withdraw_tip(&self, id: PackageId, who: &Member, now: Timestamp) -> Result<(), SafetyError> {
        self.tip_settings(who)?;
        self.tipline.withdraw(id, who.name.as_str(), now).await.map_err(SafetyError::Tip)?;
        self.tips_due.notify_one();
        Ok(())
    }

    /// Goes on with a report that NCMEC refused.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`].
    pub async fn resume_tip(&self, id: PackageId, who: &Member, now: Timestamp) -> Result<(), SafetyError> {
        self.tip_settings(who)?;
        self.tipline.resume(id, who.name.as_str(), now).await.map_err(SafetyError::Tip)?;
        self.tips_due.notify_one();
        Ok(())
    }

    /// Every report to NCMEC, the oldest first.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`].
    pub async fn tips(&self, who: &Member) -> Result<Vec<Standing>, SafetyError> {
        if !who.role.sees_child_safety() {
            return Err(CaseRefusal::Role.into());
        }
        self.tipline.all().await.map_err(SafetyError::Tip)
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`].
    pub async fn tip(&self, id: PackageId, who: &Member) -> Result<Standing, SafetyError> {
        if !who.role.sees_child_safety() {
            return Err(CaseRefusal::Role.into());
        }
        self.tipline.standing(id).await.map_err(SafetyError::Tip)
    }

    /// Sends what is left to send.
    pub(super) async fn send_tips(&self, now: Timestamp) -> Result<(), SafetyError> {
        let Some(settings) = &self.tip_settings else { return Ok(()) };
        for standing in self.tipline.all().await.map_err(SafetyError::Tip)? {
            if standing.state.is_over() {
                continue;
            }
            if let Err(error) = self.tipline.drive(standing.id, &settings.line, now).await {
                tracing::warn!(%error, "a report to NCMEC has to wait");
            }
        }
        Ok(())
    }

    fn tip_settings(&self, who: &Member) -> Result<&TipSettings, SafetyError> {
        if !who.role.sees_child_safety() {
            return Err(CaseRefusal::Role.into());
        }
        self.tip_settings.as_ref().ok_or(SafetyError::NoTipline)
    }
}

fn described(
    index: usize,
    bytes: &Bytes,
    original: String,
    sent: Option<Timestamp>,
    viewed: bool,
    classification: Option<Classification>,
) -> FileAbout {
    FileAbout {
        name: format!("file-{}", index + 1),
        original_name: Some(original).filter(|name| !name.is_empty()),
        size: bytes.len() as u64,
        sha256: Sha256::digest(bytes).into(),
        sent,
        viewed,
        relevance: Relevance::Reported,
        classification,
        remarks: None,
    }
}
