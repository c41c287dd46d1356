use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use session_core::{Expiry, PublicId, Revoke, Session, SessionError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::{open, wait};
use crate::devices::{self, Shown};
use crate::loose::Loose;
use crate::request::Knobs;
use crate::route::Route;
use crate::tape::on_tape;
use crate::{Access, Answer, App, Body, Request};

/// Carries out a route.
pub(crate) async fn act(
    app: &App,
    route: Route,
    request: Request<'_>,
    knobs: Knobs,
    access: &impl Access,
) -> Result<Answer, Answer> {
    // A logout does not need to load the session.
    if matches!(route, Route::Logout | Route::Relogin) {
        let relogin = match route {
            Route::Relogin => Some(app.users().find(user(request.body)?).await?),
            _ => None,
        };
        if !knobs.delay.is_zero() {
            open(access, knobs).await?;
        }
        access.destroy()?;
        if let Some(user) = relogin {
            user.sign_in(&access.open().await?, request.user_agent)?;
        }
        return Ok(Answer::empty(204));
    }
    if matches!(route, Route::Calm) {
        let session = access.calm().await?;
        wait(access, knobs).await;
        let shown = json!({ "exists": session.exists(), "outage": session.is_outage() });
        return Ok(Answer::json(200, &shown));
    }
    let session = open(access, knobs).await?;
    match route {
        Route::Show => Ok(show(&session)),
        Route::Remaining => Ok(Answer::json(200, &session.remaining())),
        Route::Get(key) => read(&session, &key),
        Route::Put(key) => {
            session.insert(&key, json_of(request.body)?)?;
            Ok(Answer::empty(204))
        }
        Route::Delete(key) => {
            session.remove(&key)?;
            Ok(Answer::empty(204))
        }
        Route::Increment(key) => increment(access, &session, &key, knobs).await,
        Route::Clear => {
            session.clear()?;
            Ok(Answer::empty(204))
        }
        Route::Cycle => {
            session.cycle()?;
            Ok(Answer::empty(204))
        }
        Route::Reauthenticate => {
            session.reauthenticate()?;
            Ok(Answer::empty(204))
        }
        Route::Password => devices::password(access, &session).await,
        Route::Sensitive => devices::sensitive(&request, &session),
        Route::Login => {
            let user = app.users().find(user(request.body)?).await?;
            user.sign_in(&session, request.user_agent)?;
            Ok(Answer::empty(204))
        }
        Route::Lifetime => {
            session.set_expiry(lifetime(request.body)?)?;
            Ok(Answer::empty(204))
        }
        Route::Devices => {
            let owner = owner(&session)?;
            let page = devices::page(&request)?;
            let Some(found) = access.devices(&owner, &page).await? else {
                return Err(Answer::error(400, "after is none of your devices"));
            };
            let current = session.public_id();
            let shown = found.iter().map(|device| Shown::of(device, current));
            Ok(Answer::json(200, &shown.collect::<Vec<_>>()))
        }
        Route::Revoke(text) => {
            revoke(access, &session, &text).await?;
            Ok(Answer::empty(204))
        }
        Route::RevokeOthers => {
            let revoked = revoke_others(access, &session).await?;
            Ok(Answer::json(200, &json!({ "revoked": revoked })))
        }
        Route::Panic => {
            session.insert("panicked", true)?;
            panic!("the showcase panics because it was asked to");
        }
        Route::Stream => {
            session.insert("before", true)?;
            Ok(Answer {
                body: Body::Late(session),
                ..Answer::text(200, "text/plain; charset=utf-8", String::new())
            })
        }
        Route::Calm | Route::Ended | Route::Logout | Route::Relogin => {
            Err(Answer::error(500, "answered above"))
        }
    }
}

/// Sets one value in two sessions of one request.
pub(crate) async fn put_both<V: Access>(
    request: Request<'_>,
    name: &str,
    first: &V,
    second: &V,
) -> Result<Answer, Answer> {
    let Route::Put(key) = Route::find("PUT", &["data", name])? else {
        return Err(Answer::error(404, "not found"));
    };
    if request.method != "PUT" {
        return Err(Answer::not_allowed("PUT"));
    }
    let value = json_of(request.body)?;
    for access in [first, second] {
        access.open().await?.insert(&key, &value)?;
    }
    Ok(Answer::empty(204))
}

fn json_of(body: &[u8]) -> Result<Box<RawValue>, Answer> {
    serde_json::from_slice(body).map_err(|_| Answer::error(400, "the body is not JSON"))
}

fn show(session: &Session) -> Answer {
    let data: BTreeMap<String, Box<RawValue>> = session
        .iter()
        .filter_map(|(key, text)| Some((key, RawValue::from_string(text).ok()?)))
        .collect();
    let exists = session.exists();
    let ends = session.expires_at().filter(|_| exists);
    let left = session.expires_in().filter(|_| exists);
    let state = State {
        exists,
        data,
        owner: session.owner().map(|owner| owner.to_string()),
        browser_close: session.is_until_browser_close(),
        expires_at: ends.map(rfc3339),
        expires_in: left.map(whole_seconds),
    };
    Answer::json(200, &state)
}

#[derive(Serialize)]
struct State {
    exists: bool,
    data: BTreeMap<String, Box<RawValue>>,
    owner: Option<String>,
    browser_close: bool,
    expires_at: Option<String>,
    expires_in: Option<u64>,
}

fn read(session: &Session, key: &str) -> Result<Answer, Answer> {
    let value: Option<Box<RawValue>> = session.get(key)?;
    let value = value.ok_or_else(|| Answer::error(404, "not found"))?;
    Ok(Answer::text(
        200,
        "application/json",
        value.get().to_owned(),
    ))
}

async fn increment(
    access: &impl Access,
    session: &Session,
    key: &str,
    knobs: Knobs,
) -> Result<Answer, Answer> {
    let mut value = session.update(key, plus_one)?;
    // Committed before the answer, so that the answer is exact too; but not if the answer will be
    // an error, which drops the change.
    if knobs.status.is_none_or(|status| status < 500) && saves(access).await? {
        value = session.get(key)?.unwrap_or(value);
    }
    Ok(Answer::json(200, &json!({ "value": value })))
}

/// Commits before the answer; false if the write was dropped, as every write of a session that ended or was replaced
/// meanwhile.
pub(crate) async fn saves(access: &impl Access) -> Result<bool, Answer> {
    match access.save().await {
        Ok(()) => Ok(true),
        Err(SessionError::Gone) if !access.policy().refuses_when_gone() => Ok(false),
        Err(SessionError::Superseded) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "update requires this signature"
)]
fn plus_one(old: Option<Loose>) -> Loose {
    let Some(Loose(Value::Number(number))) = old else {
        return Loose(Value::from(1));
    };
    Loose(
        match number.as_i64().and_then(|number| number.checked_add(1)) {
            Some(next) => Value::from(next),
            None => Value::from(number.as_f64().unwrap_or_default() + 1.0),
        },
    )
}

fn user(body: &[u8]) -> Result<String, Answer> {
    let login: BTreeMap<String, String> = serde_json::from_slice(body).unwrap_or_default();
    let user = login.get("user").filter(|_| login.len() == 1);
    let user = user.ok_or_else(|| Answer::error(400, r#"expected {"user": "a name"}"#))?;
    if user.is_empty() || user.len() > 255 {
        return Err(Answer::error(400, "a user is 1 to 255 bytes"));
    }
    Ok(user.clone())
}

pub(crate) fn owner(session: &Session) -> Result<std::sync::Arc<str>, Answer> {
    session
        .owner()
        .ok_or_else(|| Answer::error(401, "nobody is signed in"))
}

/// Revokes one of the owner's sessions; the current one by a logout.
pub(crate) async fn revoke(
    access: &impl Access,
    session: &Session,
    text: &str,
) -> Result<(), Answer> {
    owner(session)?;
    let unknown = || Answer::error(404, "not found");
    let handle = PublicId::parse(text).ok_or_else(unknown)?;
    if session.public_id() == Some(handle) {
        on_tape!(session.destroy())?;
        return Ok(());
    }
    match on_tape!(access.revoke(Revoke::One(&handle)).await)? {
        0 => Err(unknown()),
        _ => Ok(()),
    }
}

/// Revokes the owner's other sessions.
pub(crate) async fn revoke_others(
    access: &impl Access,
    session: &Session,
) -> Result<usize, Answer> {
    owner(session)?;
    let current = session.public_id();
    let which = on_tape!(current.as_ref().map_or(Revoke::All, Revoke::AllBut));
    Ok(on_tape!(access.revoke(which).await)?)
}

fn lifetime(body: &[u8]) -> Result<Expiry, Answer> {
    let asked: BTreeMap<String, Value> =
        serde_json::from_slice(body).map_err(|_| Answer::error(400, EXPECTED_LIFETIME))?;
    let asked: Vec<(&str, &Value)> = asked.iter().map(|(name, value)| (&**name, value)).collect();
    let refused = || Answer::error(400, EXPECTED_LIFETIME);
    match asked[..] {
        [("browser_close", Value::Bool(true))] => Ok(Expiry::BrowserClose),
        [("default", Value::Bool(true))] => Ok(Expiry::Policy),
        [("seconds", Value::Number(seconds))] => seconds
            .as_u64()
            .filter(|seconds| (1..=100_000_000_000).contains(seconds))
            .map(|seconds| Expiry::After(Duration::from_secs(seconds)))
            .ok_or_else(refused),
        [("at", Value::String(text))] => OffsetDateTime::parse(text, &Rfc3339)
            .map(Expiry::At)
            .map_err(|_| refused()),
        _ => Err(refused()),
    }
}

const EXPECTED_LIFETIME: &str = r#"expected one of {"browser_close":true}, {"seconds":300}, {"at":"2026-12-01T00:00:00Z"}, {"default":true}"#;

/// Returns the seconds that are left, rounded up.
pub(crate) fn whole_seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// Returns a moment as RFC 3339 in UTC.
pub(crate) fn rfc3339(moment: OffsetDateTime) -> String {
    let utc = moment.to_offset(time::UtcOffset::UTC);
    utc.format(&Rfc3339).unwrap_or_default()
}
