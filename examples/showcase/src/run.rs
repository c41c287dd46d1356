use std::future::Future;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use session_core::Sessions;
use session_store::Sweeper;
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use crate::App;
use crate::args::Args;

/// Completes when the process is asked to stop.
pub type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the showcase: command line, store, listener, then `serve` until it is stopped.
///
/// The exit code is 0 after SIGINT or SIGTERM, 1 when something could not be opened and 2 when
/// the command line makes no sense; both with one line on stderr.
pub fn run<F>(server: &'static str, serve: impl FnOnce(App, TcpListener, Stop) -> F) -> ExitCode
where
    F: Future<Output = io::Result<()>>,
{
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => return refuse(2, &first_line(&error.to_string())),
    };
    let policy = match args.policy() {
        Ok(policy) => policy,
        Err(message) => return refuse(2, &message),
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
        Err(error) => return refuse(1, &format!("no runtime: {error}")),
    };
    let outcome = runtime.block_on(async {
        let store = args.store.open().await?;
        let listener = listen(args.listen).map_err(|error| format!("{}: {error}", args.listen))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let signals = signals().map_err(|error| error.to_string())?;
        let every = Duration::from_secs(args.sweep.unsigned_abs());
        let sessions = Sessions::shared(policy, Arc::clone(&store));
        let sweeper = Sweeper::start(&sessions, every);
        let app = App::new(server, sessions, args.idle());
        announce(address).map_err(|error| error.to_string())?;
        let (ask, asked) = watch::channel(false);
        let stop = |mut asked: watch::Receiver<bool>| async move {
            // Without a sender nobody is left to ask, which is as good as being asked.
            let _ = asked.wait_for(|asked| *asked).await;
        };
        tokio::spawn(async move {
            signals.await;
            ask.send_replace(true);
        });
        let outcome = tokio::select! {
            outcome = serve(app, listener, Box::pin(stop(asked.clone()))) => outcome,
            () = async { stop(asked).await; tokio::time::sleep(GRACE).await } => Ok(()),
        };
        sweeper.stop().await;
        outcome.map_err(|error| error.to_string())
    });
    // Requests that are still waiting are not waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => refuse(1, &message),
    }
}

/// How long requests that are under way may take once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}

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

fn refuse(code: u8, message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {message}");
    ExitCode::from(code)
}

/// Takes the sentence that matters from clap's page.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
