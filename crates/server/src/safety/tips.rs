//! Reports of cases to NCMEC's CyberTipline, at the desk: one prepares, another releases, and both see the case.

use super::{
    Act, Safety, SafetyError,
    case::{Case, CaseRefusal},
    decide::content_of,
    tipline::{
        Classification, FileAbout, Incident, Line, Package, PackageId, Relevance, Reported, Reporter,
        Standing,
    },
};
use crate::staff::Member;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use trefoil_proto::{Timestamp, decisions::CaseId};

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
        let exhibits = self.exhibits(id, who, now).await?;
        let (_, case) = self.case(id).await?.ok_or(SafetyError::NoSuchCase)?;
        if !case.is_child_safety() {
            return Err(CaseRefusal::OtherCategory.into());
        }
        let report = self.report_of(id).await?.ok_or(SafetyError::NoSuchCase)?;
        let fetched = case.claimed(now).map(|claim| claim.fetched.clone()).unwrap_or_default();
        let (mut files, mut about, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for (index, exhibit) in exhibits.into_iter().enumerate() {
            let bytes = match exhibit.opened {
                Ok(bytes) => bytes,
                Err(error) => {
                    missing.push(format!("Attachment {} is not enclosed: {error}.", index + 1));
                    continue;
                }
            };
            let sent = report.messages.get(exhibit.message).map(|message| message.accepted_timestamp);
            let classification = tip.classified.get(&index).copied();
            let viewed = fetched.contains(&index);
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
        let made =
            self.tipline.prepare(package, &files, who.name.as_str(), now).await.map_err(SafetyError::Tip)?;
        self.note_tip(who, Act::TipPrepared, id, made, now).await?;
        Ok(made)
    }

    /// Releases a report that somebody else prepared, and whose case this person opened as well; it is sent from now on.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`]; [`CaseRefusal::NotOpened`].
    pub async fn release_tip(&self, id: PackageId, who: &Member, now: Timestamp) -> Result<(), SafetyError> {
        self.tip_settings(who)?;
        let named = id.to_string();
        let of = self.every_case().await?.into_values().find(|case| case.tips.contains(&named));
        if !of.ok_or(SafetyError::NoSuchCase)?.opened_by.contains(&who.name) {
            return Err(CaseRefusal::NotOpened.into());
        }
        self.tipline.approve(id, who.name.as_str(), now).await.map_err(SafetyError::Tip)?;
        self.note(who.name.as_str(), Act::TipReleased, &id.to_string(), now).await?;
        self.tips_due.notify_one();
        Ok(())
    }

    /// Takes a report back.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`].
    pub async fn withdraw_tip(&self, id: PackageId, who: &Member, now: Timestamp) -> Result<(), SafetyError> {
        self.tip_settings(who)?;
        self.tipline.withdraw(id).await.map_err(SafetyError::Tip)?;
        self.note(who.name.as_str(), Act::TipWithdrawn, &id.to_string(), now).await?;
        self.tips_due.notify_one();
        Ok(())
    }

    /// Every report to NCMEC, the oldest first, each with its case as long as that is kept.
    ///
    /// # Errors
    /// As [`Self::prepare_tip`].
    pub async fn tips(&self, who: &Member) -> Result<Vec<(Standing, Option<CaseId>)>, SafetyError> {
        if !who.role.sees_child_safety() {
            return Err(CaseRefusal::Role.into());
        }
        let cases = self.every_case().await?;
        let named = cases.iter().flat_map(|(id, case)| case.tips.iter().map(move |tip| (tip.as_str(), *id)));
        let named: BTreeMap<&str, CaseId> = named.collect();
        let all = self.tipline.all().await.map_err(SafetyError::Tip)?;
        let of = |standing: Standing| {
            let case = named.get(standing.id.to_string().as_str()).copied();
            (standing, case)
        };
        Ok(all.into_iter().map(of).collect())
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

    /// The trail, and the case, name the report.
    async fn note_tip(
        &self,
        who: &Member,
        act: Act,
        id: CaseId,
        made: PackageId,
        now: Timestamp,
    ) -> Result<Case, SafetyError> {
        self.act(id, who, now, |case, _| {
            case.tips.push(made.to_string());
            Ok((act, made.to_string()))
        })
        .await
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
