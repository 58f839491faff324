//! Everything of an account, in files that people and programs can read.

use super::{
    super::{
        App,
        error::{Answer, Problem, ProblemCode},
        hub::Happening,
        shape::Warning,
    },
    Body,
};
use crate::export::{Everything, ExportError, Progress, prepare};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use std::{path::PathBuf, sync::Arc};
use utoipa::ToSchema;

/// Where to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    /// A folder of this machine that is new or empty.
    #[schema(value_type = String)]
    folder: PathBuf,
}

/// Writes everything of an account into a folder of this machine; how far it is, is told as it goes.
#[utoipa::path(post, path = "/accounts/{account}/export", params(("account" = String, Path,)), request_body = Target, responses((status = 202), (status = 422, body = Problem)))]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    Path(account): Path<String>,
    Body(ask): Body<Target>,
) -> Answer<StatusCode> {
    let keeper = app.accounts.get(&account)?;
    if !ask.folder.is_absolute() {
        return Err(Problem::because(
            ProblemCode::FolderUnusable,
            "give the folder's whole path, from the root of this machine",
        ));
    }
    prepare(&ask.folder)?;
    let everything = keeper.with(|kept| Ok(Everything::of(&mut kept.agent)?)).await?;
    tokio::spawn(async move {
        let hub = app.accounts.hub().clone();
        let of = keeper.id.clone();
        let moved = move |at: Progress| {
            hub.tell(&Happening::Export { account: of.clone(), done: at.lines, of: at.of, ended: false });
        };
        let hub = app.accounts.hub().clone();
        match everything.write(&ask.folder, true, moved).await {
            Ok(at) => {
                hub.tell(&Happening::Export {
                    account: keeper.id.clone(),
                    done: at.lines,
                    of: at.of,
                    ended: true,
                });
            }
            Err(error) => {
                let text = format!("the export stopped: {error}");
                let told = keeper.with(move |kept| {
                    kept.alarm(None, Warning::new("export-failed", text));
                    Ok(())
                });
                // The account is closed with the program; nobody is left to be told.
                let _ = told.await;
            }
        }
    });
    Ok(StatusCode::ACCEPTED)
}

impl From<ExportError> for Problem {
    fn from(error: ExportError) -> Self {
        let code = match &error {
            ExportError::Usage(_) => ProblemCode::FolderUnusable,
            ExportError::File { .. } => ProblemCode::FileUnusable,
            ExportError::Core(_) => ProblemCode::Store,
        };
        Self::because(code, error.to_string())
    }
}
