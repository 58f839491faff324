//! Memory of idle connections: authenticated streams on which nothing happens.

use super::{
    BenchError, Conditions, Place, Server, machine, raw, report, server::Prepared, socket::Target, wire,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::time::Duration;
use tokio::time::sleep;

/// Connections that are made at a time.
const AT_ONCE: usize = 16;
/// Connections that are made and closed before the first reading, so that what is there once is there already.
const WARM: usize = 2;
/// Bytes that our own end reads at a time.
const BUFFER: usize = 4096;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// How many.
    pub connections: usize,
    /// Without TLS.
    pub plain: bool,
    /// Wait before each reading.
    pub settle: Duration,
}

/// Registers the devices with one start of the service, and connects them to another that knows only their rows.
///
/// # Errors
/// [`BenchError`].
pub async fn run(place: &Place, ask: Ask) -> Result<report::Idle, BenchError> {
    let files = machine::raise_open_files();
    if files < ask.connections as u64 + 200 {
        let why = format!(
            "this process may open {files} files, which is too few for {} connections",
            ask.connections
        );
        return Err(crate::exit::UsageError(why).into());
    }
    let conditions = Conditions::look(place.folder())?;
    let prepared = Prepared::make(place)?;
    let first = Server::start(&prepared, ask.plain).await?;
    let devices = raw::register(&raw::client(&first)?, &first.url(), ask.connections).await?;
    first.stop().await;

    let server = Server::start(&prepared, ask.plain).await?;
    let http = raw::client(&server)?;
    let tokens = raw::tokens(&http, &server.url(), &devices).await?;
    drop(http);
    let target = Target::of(&server);
    drop(connect(&target, &tokens[..tokens.len().min(WARM)]).await?);
    sleep(ask.settle).await;
    let before = server.usage()?;
    let open = connect(&target, &tokens).await?;
    sleep(ask.settle).await;
    let after = server.usage()?;
    let count = open.len();
    drop(open);
    server.stop().await;

    let kib = |bytes: u64| bytes as f64 / 1024.0;
    Ok(report::Idle {
        kind: "idle",
        connections: count,
        tls: !ask.plain,
        before_kib: kib(before.resident),
        after_kib: kib(after.resident),
        kib_per_connection: kib(after.resident.saturating_sub(before.resident)) / count.max(1) as f64,
        anonymous_kib_per_connection: kib(after.anonymous.saturating_sub(before.anonymous))
            / count.max(1) as f64,
        conditions,
    })
}

/// Opens the streams and waits until each is told that nothing waits for it.
async fn connect(target: &Target, tokens: &[String]) -> Result<Vec<impl Sized + use<>>, BenchError> {
    stream::iter(tokens)
        .map(|token| async move {
            let (sending, mut hearing) = target.open(token, BUFFER).await?;
            while !matches!(wire::said(&hearing.next().await?)?, wire::Said::CaughtUp) {}
            Ok::<_, BenchError>((sending, hearing))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}
