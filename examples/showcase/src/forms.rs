use std::time::Duration;

use serde_json::Value;
use session_core::{Expiry, Field, Session};
use session_extras::Flash;

use crate::api::{owner, revoke, revoke_others, saves};
use crate::loose::Loose;
use crate::panel::{Action, Panel, Side};
use crate::show::side;
use crate::tape::{Tape, on_tape};
use crate::{Access, Answer, App, Request};

pub(crate) const VISITS: Field<Loose> = Field::new("visits");
pub(crate) const NOTES: Field<Loose> = Field::new("notes");

/// Applies a form of the page, then shows the page again.
pub(crate) async fn submit(
    app: &App,
    request: Request<'_>,
    form: &[&str],
    access: &impl Access,
) -> Result<Answer, Answer> {
    let action = match form {
        ["visit" | "note"] | ["note", "remove"] => Action::Change,
        ["cycle"] => Action::Cycle,
        ["login"] => Action::SignIn,
        ["logout"] => Action::SignOut,
        ["lifetime"] => Action::Lifetime,
        ["revoke" | "revoke-others"] => Action::Revoke,
        _ => return Err(Answer::error(404, "not found")),
    };
    if request.method != "POST" {
        return Err(Answer::not_allowed("POST"));
    }
    let (done, tape) = Tape::of(carry_out(app, request, form, access)).await;
    let done = match done {
        Ok(done) => done,
        // The page reports errors that the visitor can correct.
        Err(refusal) if (400..500).contains(&refusal.status) => {
            return Ok(Answer::see_other("/?notice=refused"));
        }
        Err(refusal) => return Err(refusal),
    };
    let panel = Panel {
        action: if done.is_out { Action::SignOut } else { action },
        before: done.before,
        tape,
        is_saved: done.is_saved,
    };
    // There is no session any more that could keep a message.
    let message = done.is_out.then(|| "message=signed-out".to_owned());
    let panel = app.panels().keep(panel).map(|word| format!("done={word}"));
    let query: Vec<String> = message.into_iter().chain(panel).collect();
    Ok(Answer::see_other(format!("/?{}", query.join("&"))))
}

/// What a form did.
struct Done {
    before: Side,
    is_saved: bool,
    /// Whether the visitor has signed out this very device.
    is_out: bool,
}

/// Does what a form asks for, and commits it before the answer, so that the store's calls are known.
async fn carry_out(
    app: &App,
    request: Request<'_>,
    form: &[&str],
    access: &impl Access,
) -> Result<Done, Answer> {
    let (before, is_out) = if form == ["logout"] {
        on_tape!(access.destroy())?;
        (side(app, request, access, None), true)
    } else {
        let session = access.open().await?;
        let before = side(app, request, access, Some(&session));
        let done = apply(app, access, &session, form, request).await?;
        let is_out = form == ["revoke"] && session.owner().is_none();
        if !is_out {
            Flash::success(done).set(&session)?;
        }
        (before, is_out)
    };
    Ok(Done {
        before,
        is_saved: saves(access).await?,
        is_out,
    })
}

async fn apply(
    app: &App,
    access: &impl Access,
    session: &Session,
    form: &[&str],
    request: Request<'_>,
) -> Result<String, Answer> {
    let bad = || Answer::error(400, "the form is incomplete");
    let done = match form {
        ["visit"] => {
            on_tape!(VISITS.update(session, one_more))?;
            "Your visit was counted.".to_owned()
        }
        ["note"] => {
            let text = request.field("text").map(|text| text.trim().to_owned());
            let text = text.filter(|text| !text.is_empty() && text.chars().count() <= 200);
            let text = text.ok_or_else(bad)?;
            on_tape!(NOTES.update(session, move |notes| with(notes, &text)))?;
            "The note was added.".to_owned()
        }
        ["note", "remove"] => {
            let index = request.field("index").and_then(|index| index.parse().ok());
            let index: usize = index.ok_or_else(bad)?;
            let shown = notes(NOTES.get(session)?.as_ref());
            let text = shown.get(index).cloned().ok_or_else(bad)?;
            on_tape!(NOTES.update(session, move |notes| without(notes, &text)))?;
            "The note was removed.".to_owned()
        }
        ["login"] => {
            let user = request.field("user").map(|user| user.trim().to_owned());
            let user = user.filter(|user| !user.is_empty()).ok_or_else(bad)?;
            let user = app.users().find(user).await?;
            user.sign_in(session, request.user_agent)?;
            "You are signed in.".to_owned()
        }
        ["cycle"] => {
            on_tape!(session.cycle())?;
            "The session has a new id.".to_owned()
        }
        ["lifetime"] => {
            let expiry = lifetime(request).ok_or_else(bad)?;
            on_tape!(session.set_expiry(expiry))?;
            "The session has another lifetime now.".to_owned()
        }
        ["revoke"] => {
            let handle = request.field("handle").ok_or_else(bad)?;
            revoke(access, session, &handle).await?;
            "The device was signed out.".to_owned()
        }
        ["revoke-others"] => {
            owner(session)?;
            match revoke_others(access, session).await? {
                1 => "The other device was signed out.".to_owned(),
                ended => format!("{ended} other devices were signed out."),
            }
        }
        _ => return Err(Answer::error(404, "not found")),
    };
    Ok(done)
}

fn lifetime(request: Request<'_>) -> Option<Expiry> {
    match &*request.field("mode")? {
        "browser-close" => Some(on_tape!(Expiry::BrowserClose)),
        "default" => Some(on_tape!(Expiry::Policy)),
        "minutes" => {
            let minutes: u64 = request.field("minutes")?.parse().ok()?;
            (1..=525_600)
                .contains(&minutes)
                .then(|| on_tape!(Expiry::After(Duration::from_mins(minutes))))
        }
        _ => None,
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "update requires this signature"
)]
fn one_more(visits: Option<Loose>) -> Loose {
    let visits = visits.and_then(|visits| visits.0.as_u64());
    Loose(Value::from(visits.unwrap_or(0).saturating_add(1)))
}

#[allow(clippy::needless_pass_by_value, reason = "as above")]
fn with(list: Option<Loose>, text: &str) -> Loose {
    let mut all = notes(list.as_ref());
    all.push(text.to_owned());
    Loose(Value::from(all))
}

/// Removes a note by the text that was shown: another tab may have shifted the indices.
#[allow(clippy::needless_pass_by_value, reason = "as above")]
fn without(list: Option<Loose>, text: &str) -> Loose {
    let mut all = notes(list.as_ref());
    if let Some(at) = all.iter().position(|note| note == text) {
        all.remove(at);
    }
    Loose(Value::from(all))
}

/// Reads the list of notes; a value of another type under this name counts as empty.
pub(crate) fn notes(value: Option<&Loose>) -> Vec<String> {
    let list = value.and_then(|value| value.0.as_array());
    list.into_iter()
        .flatten()
        .filter_map(|note| note.as_str().map(str::to_owned))
        .collect()
}
