//! What becomes of a session in the worst moments, with us and with the peers.
//!
//! Each scenario is one schedule of requests to an application in this process: one waits in its handler, or before its store
//! gets its write, while another is answered. All libraries have the same handlers, in the words of a [`Session`].

mod browser;
mod faults;
mod hold;
mod report;
mod scenarios;
mod session;
mod site;
mod sites;
mod stage;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use self::faults::Faults;
use self::hold::Hold;
pub use self::report::markdown;
use self::scenarios::SHORT;
use self::session::Session;
use self::site::{Site, Subject};
use self::stage::Stage;
use crate::sockets::databases::Databases;

/// What a scenario has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum Verdict {
    /// The session is what it must be.
    Holds,
    /// It is not; what was seen.
    Fails(String),
    /// The scenario is impossible; why.
    Impossible(String),
}

impl Verdict {
    fn no(reason: &str) -> Self {
        Self::Impossible(reason.into())
    }

    fn and(self, holds: bool, seen: impl FnOnce() -> String) -> Self {
        match self {
            Self::Holds if !holds => Self::Fails(seen()),
            other => other,
        }
    }
}

/// A library's verdicts, one a scenario.
#[derive(Debug)]
pub struct Row {
    subject: Subject,
    verdicts: Vec<Verdict>,
}

struct Scenario {
    name: &'static str,
    life: Duration,
    play: for<'a> fn(&'a mut Stage<'_>) -> LocalBoxFuture<'a, Result<Verdict>>,
}

macro_rules! scenarios {
    ($($play:ident, $life:expr, $name:literal;)*) => {
        &[$(Scenario {
            name: $name,
            life: $life,
            play: |stage| Box::pin(scenarios::$play(stage)),
        },)*]
    };
}

const LONG: Duration = Duration::from_secs(3_600);

const SCENARIOS: &[Scenario] = scenarios! {
    two_keys, LONG, "Two requests at once set a value each: both are there";
    one_counter, LONG, "Two requests at once add one: both count";
    logout_undone, LONG, "A request that is under way at a logout: the user stays signed out";
    adopted, LONG, "A write with an id that nobody has issued: it does not become a session's";
    adopted_after_clear, LONG, "… after clearing the session";
    id_after_logout, LONG, "A write after a logout in the same request: the id from before does not open it";
    rotation_fails, LONG, "A login's handler answers 500: the browser still has its session";
    rotation_cut_off, LONG, "… the client goes away during the handler";
    rotation_unstored, LONG, "… the store fails once";
    rotation_unheard, LONG, "… the answer is lost on its way";
    wiped, LONG, "A read of the store fails once, in a request that writes: what was stored is still there";
    login_replaced, LONG, "A visitor's slow request ends after the login: the user stays signed in";
    expired, SHORT, "A session whose time is over: it is neither read nor brought back";
    absent_removed, LONG, "A value is removed that is not there: the session stays";
    updated, LONG, "A value is changed in place: the change is stored";
};

/// Plays all scenarios with all libraries whose name contains `only`.
///
/// # Errors
///
/// A library does not do what it is asked even if nothing goes wrong, so that its verdicts would mean nothing.
pub fn run(databases: &Databases, only: &str) -> Result<Vec<Row>> {
    actix_web::rt::System::new().block_on(async {
        let mut rows = Vec::new();
        for subject in sites::subjects() {
            if !subject.library.contains(only) {
                continue;
            }
            eprintln!("{}, {}", subject.library, subject.store);
            let verdicts = play(&subject, databases).await;
            let verdicts =
                verdicts.with_context(|| format!("{}, {}", subject.library, subject.store))?;
            rows.push(Row { subject, verdicts });
        }
        Ok(rows)
    })
}

async fn play(subject: &Subject, databases: &Databases) -> Result<Vec<Verdict>> {
    let mut stage = Stage::new(subject, databases, LONG).await?;
    let control = tokio::time::timeout(PATIENCE, scenarios::control(&mut stage)).await;
    control
        .context("it stands still though nothing goes wrong")?
        .context("nothing goes wrong, and yet")?;
    let mut verdicts = Vec::new();
    for scenario in SCENARIOS {
        let mut stage = Stage::new(subject, databases, scenario.life).await?;
        let played = AssertUnwindSafe((scenario.play)(&mut stage)).catch_unwind();
        verdicts.push(match tokio::time::timeout(PATIENCE, played).await {
            Ok(Ok(verdict)) => verdict.context(scenario.name)?,
            Ok(Err(_)) => Verdict::Fails("a request panics".into()),
            Err(_) => Verdict::Fails("a request is never answered".into()),
        });
    }
    ensure!(verdicts.len() == SCENARIOS.len(), "a scenario was left out");
    Ok(verdicts)
}

/// No request waits for anything but another one.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the run has everything that there is, so that it may be published.
#[must_use]
pub fn is_complete(rows: &[Row]) -> bool {
    rows.len() == sites::subjects().len()
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.library, self.store)
    }
}
