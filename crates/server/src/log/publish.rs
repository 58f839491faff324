//! Publishing: each new head is signed, shown to the witnesses, and served with the cosignatures that came back.

use super::{Log, LogError, decide, decide::Published, rows};
use crate::federation::Ask;
use bytes::Bytes;
use futures_util::future::join_all;
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use trefoil_proto::Domain;
use trefoil_store::Batch;
use trefoil_transparency::log::{CHECKPOINT, OpenCheckpoint, Submission, TreeHead, WitnessKey, witness_name};

/// How long one witness may take. Slower ones are asked again, and hold up nobody.
const ANSWER: Duration = Duration::from_secs(10);
/// Between two looks at what the operator handed in.
const LOOK: Duration = Duration::from_secs(1);
/// Where a witness takes submissions.
pub(super) const ADD_CHECKPOINT: &str = "/log/witness/add-checkpoint";

impl Log {
    /// Publishes what is appended, again and again, and takes what the operator hands in. Never ends.
    pub async fn run(self: Arc<Self>) {
        let publishing = async {
            let mut failures = 0_u32;
            loop {
                failures = match self.publish().await {
                    Ok(true) => 0,
                    Ok(false) => failures.saturating_add(1),
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "the log was not published"
                        );
                        failures.saturating_add(1)
                    }
                };
                // An append cuts every wait short.
                let _ = tokio::time::timeout(decide::pause(failures), self.bell.notified()).await;
            }
        };
        let taking = async {
            loop {
                self.take_handed_in().await;
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::join!(publishing, taking);
    }

    /// One round: signs the newest head and asks every witness. True if all of them signed.
    ///
    /// # Errors
    /// The store failed, or a row is damaged. That a witness did not sign is no error.
    pub async fn publish(&self) -> Result<bool, LogError> {
        let head = self.head().await?;
        // Nobody needs to witness that nothing was said.
        let witnesses: &[Domain] = if head.size == 0 { &[] } else { &self.witnesses };
        let mut checkpoint = self.begin(&head).await?;
        let asked = join_all(witnesses.iter().map(|witness| self.ask(witness, &checkpoint))).await;
        let mut cosigned = 0;
        for (witness, answer) in witnesses.iter().zip(asked) {
            let signed = answer
                .and_then(|(key, line)| checkpoint.with_cosignature(&key, &line).map_err(LogError::from));
            match signed {
                Ok(signed) => {
                    checkpoint = signed;
                    cosigned += 1;
                }
                Err(error) => {
                    tracing::warn!(
                        %witness,
                        error = &error as &dyn std::error::Error,
                        "a witness did not cosign the log"
                    );
                }
            }
        }
        self.serve(&head, &checkpoint, cosigned, witnesses.len()).await?;
        Ok(cosigned == witnesses.len())
    }

    /// The checkpoint to be cosigned: the one that is served if it is of this head, so that no signature on it is lost.
    async fn begin(&self, head: &TreeHead) -> Result<OpenCheckpoint, LogError> {
        let key = self.signer.public();
        if self.served.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            self.recall().await?;
        }
        let served = self.served.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((published, note)) = served
            && published.head == *head
        {
            return OpenCheckpoint::open(&note, &key).map_err(|_| LogError::DamagedRow);
        }
        Ok(OpenCheckpoint::open(&self.signer.sign(head), &key)?)
    }

    /// Takes up what was served before the service was started.
    async fn recall(&self) -> Result<(), LogError> {
        let Some(row) = self.get(rows::PUBLISHED, Bytes::from_static(rows::ONLY)).await? else {
            return Ok(());
        };
        let note = rows::versioned(&row)?;
        let checkpoint =
            OpenCheckpoint::open(note, &self.signer.public()).map_err(|_| LogError::DamagedRow)?;
        // Only what was cosigned is stored.
        let published = Published { head: checkpoint.head(), cosigned: 1, since: self.clock.now() };
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((published, Bytes::copy_from_slice(note)));
        Ok(())
    }

    async fn serve(
        &self,
        head: &TreeHead,
        checkpoint: &OpenCheckpoint,
        cosigned: usize,
        asked: usize,
    ) -> Result<(), LogError> {
        let now = self.clock.now();
        let note = Bytes::from(checkpoint.to_bytes());
        let takes = {
            let served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
            decide::takes_place(served.as_ref().map(|(published, _)| published), head, cosigned, asked, now)
        };
        if !takes {
            return Ok(());
        }
        if cosigned > 0 {
            let mut batch = Batch::new();
            batch.put(rows::PUBLISHED, rows::ONLY, rows::with_version(&note));
            self.store.commit(batch).await?;
        }
        let published = Published { head: *head, cosigned, since: now };
        *self.served.lock().unwrap_or_else(PoisonError::into_inner) = Some((published, note));
        Ok(())
    }

    /// Asks one witness, once more if it knows the log at another size. Its key, and the line that it signed.
    async fn ask(
        &self,
        witness: &Domain,
        checkpoint: &OpenCheckpoint,
    ) -> Result<(WitnessKey, String), LogError> {
        let unreachable = || {
            LogError::Peer(crate::federation::FederationError::Unavailable {
                domain: witness.clone(),
                source: "it took too long".into(),
            })
        };
        tokio::time::timeout(ANSWER, self.ask_patiently(witness, checkpoint))
            .await
            .map_err(|_| unreachable())?
    }

    async fn ask_patiently(
        &self,
        witness: &Domain,
        checkpoint: &OpenCheckpoint,
    ) -> Result<(WitnessKey, String), LogError> {
        let misbehaved = |what| {
            LogError::Peer(crate::federation::FederationError::Misbehaved { domain: witness.clone(), what })
        };
        let keys =
            self.federation.log_keys(witness).await?.ok_or_else(|| LogError::NoKey(witness.clone()))?;
        let key: WitnessKey =
            keys.witness.parse().map_err(|_| misbehaved("the key of its witness is none"))?;
        if key.name() != witness_name(witness) {
            return Err(misbehaved("the key of its witness has another name"));
        }
        let size = checkpoint.head().size;
        let mut old = self.sizes().get(witness).copied().unwrap_or(0).min(size);
        for _ in 0..2 {
            let proof = self.prove_consistency(old, size).await?;
            let body = Submission::new(&proof, checkpoint).encode().into();
            let ask = Ask { path: ADD_CHECKPOINT, body: Some(body), limit: CHECKPOINT };
            let told = self.federation.ask(witness, ask).await?;
            let text = std::str::from_utf8(&told.body).map_err(|_| misbehaved("its answer is no text"))?;
            match told.status {
                200 => {
                    self.sizes().insert(witness.clone(), size);
                    let line = text.lines().find(|line| checkpoint.with_cosignature(&key, line).is_ok());
                    let line = line.ok_or_else(|| misbehaved("its answer holds no cosignature"))?;
                    return Ok((key, line.to_owned()));
                }
                409 => {
                    let known: Option<u64> = text.trim_end().parse().ok();
                    let known = known.ok_or_else(|| misbehaved("it does not say which size it knows"))?;
                    if known > size {
                        // Either this log lost what it had shown already, or the witness invents it.
                        tracing::error!(
                            %witness,
                            known,
                            size,
                            "a witness cosigned a larger log than this one is: was an old copy of the store put back?"
                        );
                        return Err(LogError::OtherSize(known));
                    }
                    self.sizes().insert(witness.clone(), known);
                    old = known;
                }
                status => {
                    tracing::debug!(%witness, status, "refused by a witness");
                    return Err(misbehaved("it does not cosign what only grew"));
                }
            }
        }
        Err(misbehaved("it knows another size each time"))
    }

    fn sizes(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<Domain, u64>> {
        // Whole between any two statements, so a panic elsewhere leaves it usable.
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
