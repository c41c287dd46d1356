use std::future::Future;
use std::io::{self, Write};
use std::iter;
use std::net::TcpListener;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::args::Args;
use crate::refusal::Refusal;
use crate::storage::without_passwords;
use crate::{App, Endpoint};

/// A future that completes when the process is asked to stop.
pub type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the showcase: command line, store, listener, then `serve` until it is stopped.
///
/// The exit code is 0 after SIGINT or SIGTERM. It is 1 if the start failed and 2 if the command line
/// is invalid, both with one line on stderr.
pub fn run<F>(server: &'static str, serve: impl FnOnce(App, TcpListener, Stop) -> F) -> ExitCode
where
    F: Future<Output = io::Result<()>>,
{
    run_unbound(server, async |app, endpoint: Endpoint, stop| {
        serve(app, endpoint.listen()?, stop).await
    })
}

/// Runs the showcase as [`run`] does, on a server that binds its address itself.
///
/// The server calls [`Endpoint::announce`] once it listens.
pub fn run_unbound(
    server: &'static str,
    serve: impl AsyncFnOnce(App, Endpoint, Stop) -> io::Result<()>,
) -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            return refuse(&Refusal::Flag(without_passwords(&first_line(
                &error.to_string(),
            ))));
        }
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()))
        .with_writer(io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Refusal::Open(format!("no runtime: {error}"))),
    };
    let outcome = runtime.block_on(async {
        let (ask, asked) = watch::channel(false);
        let app = App::open(server, &args).await?.until(asked.clone());
        let signals = signals()?;
        let report = app.sessions().report().await;
        let endpoint = Endpoint::new(args.listen, report);
        let stop = |mut asked: watch::Receiver<bool>| async move {
            // A dropped sender counts as a request to stop.
            let _ = asked.wait_for(|asked| *asked).await;
        };
        tokio::spawn(async move {
            signals.await;
            ask.send_replace(true);
        });
        let store = Arc::clone(app.sessions().store());
        let outcome = tokio::select! {
            outcome = serve(app, endpoint, Box::pin(stop(asked.clone()))) => outcome,
            () = async { stop(asked).await; tokio::time::sleep(GRACE).await } => Ok(()),
        };
        // It ends the removal of expired sessions, and the connections.
        let _ = tokio::time::timeout(CLOSING, store.close()).await;
        outcome.map_err(Refusal::from)
    });
    // Do not wait for requests that are still waiting.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => refuse(&refusal),
    }
}

/// Opens the application without a listener, for servers that are tested in process.
///
/// # Errors
///
/// The flags are invalid, or the store can't be opened.
pub async fn prepare(server: &'static str, flags: &[&str]) -> Result<App, String> {
    let flags = iter::once(&server).chain(flags);
    let args = Args::try_parse_from(flags).map_err(|error| error.to_string())?;
    let opened = App::open(server, &args).await;
    opened.map_err(|refusal| refusal.to_string())
}

/// The time for requests under way once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The time for the store to close.
const CLOSING: Duration = Duration::from_secs(1);

/// Listens for the signals at once, so that none is missed.
#[cfg(unix)]
fn signals() -> io::Result<Stop> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(Box::pin(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }))
}

#[cfg(not(unix))]
fn signals() -> io::Result<Stop> {
    Ok(Box::pin(async {
        let _ = tokio::signal::ctrl_c().await;
    }))
}

fn refuse(refusal: &Refusal) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {refusal}");
    ExitCode::from(refusal.exit_code())
}

/// Extracts the essential sentence from clap's message.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
