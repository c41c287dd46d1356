use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::{Either, select};

use super::Verdict;
use super::browser::{Answer, Browser};
use super::faults::Call;
use super::site::Site;
use super::stage::{At, Stage};
use crate::sockets::databases::Kind;

/// Checks that the application does what it is asked if nothing goes wrong.
pub(super) async fn control(stage: &mut Stage<'_>) -> Result<()> {
    let [mut browser, mut stranger] = [Browser::default(), Browser::default()];
    let site = stage.site();
    for path in ["/put/a", "/add/n", "/add/n", "/add/n"] {
        ok(&browser.visit(site, path).await)?;
    }
    for (key, value) in [("a", "1"), ("n", "3"), ("user", "-"), ("b", "-")] {
        is(&mut browser, site, key, value).await?;
    }
    is(&mut stranger, site, "a", "-").await?;
    ok(&stranger.visit(site, "/put/b").await)?;
    is(&mut browser, site, "b", "-").await?;
    let before = browser.header();
    ok(&browser.visit(site, "/login/-").await)?;
    ensure!(
        browser.header() != before,
        "a login leaves the cookies as they are"
    );
    for (key, value) in [("user", "1"), ("a", "1")] {
        is(&mut browser, site, key, value).await?;
    }
    ok(&browser.visit(site, "/remove/a").await)?;
    for (key, value) in [("user", "1"), ("a", "-")] {
        is(&mut browser, site, key, value).await?;
    }
    let answer = browser.visit(site, "/failed-login/-").await;
    ensure!(
        answer.status == 500,
        "a login that fails is answered by {}",
        answer.status
    );
    let mut browser = Browser::default();
    ok(&browser.visit(site, "/login/-").await)?;
    is(&mut browser, site, "user", "1").await?;
    ok(&browser.visit(site, "/logout/-").await)?;
    is(&mut browser, site, "user", "-").await?;
    if stage.subject.kind != Kind::Memory {
        ok(&browser.visit(site, "/put/a").await)?;
        stage.restart().await?;
        is(&mut browser, stage.site(), "a", "1").await?;
    }
    Ok(())
}

pub(super) async fn two_keys(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut seen = Verdict::Holds;
    for at in stage.places() {
        let mut browser = Browser::default();
        ok(&browser.visit(stage.site(), "/put/x").await)?;
        let cookie = browser.header();
        let Some((slow, fast)) = stage
            .overlap(*at, "put", "a", &cookie, ("/put/b", &cookie))
            .await?
        else {
            continue;
        };
        ok(&fast)?;
        browser.take(&fast);
        browser.take(&slow);
        let mut read = Vec::new();
        for key in ["x", "a", "b"] {
            read.push(browser.read(stage.site(), key).await);
        }
        seen = seen.and(slow.status == 200 && read == ["1", "1", "1"], || {
            format!(
                "{at}: the value from before and the two new ones are {}",
                read.join(", ")
            )
        });
    }
    Ok(seen)
}

pub(super) async fn one_counter(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut seen = Verdict::Holds;
    for at in stage.places() {
        let mut browser = Browser::default();
        ok(&browser.visit(stage.site(), "/add/n").await)?;
        let cookie = browser.header();
        let Some((slow, fast)) = stage
            .overlap(*at, "add", "n", &cookie, ("/add/n", &cookie))
            .await?
        else {
            continue;
        };
        ok(&fast)?;
        browser.take(&fast);
        browser.take(&slow);
        let read = browser.read(stage.site(), "n").await;
        seen = seen.and(read == "3", || {
            format!("{at}: after three additions the counter is {read}")
        });
    }
    Ok(seen)
}

pub(super) async fn logout_undone(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut seen = Verdict::Holds;
    for at in stage.places() {
        let mut browser = Browser::default();
        ok(&browser.visit(stage.site(), "/put/a").await)?;
        ok(&browser.visit(stage.site(), "/login/-").await)?;
        is(&mut browser, stage.site(), "user", "1").await?;
        let [mut before, mut tab] = [browser.clone(), browser.clone()];
        let cookie = browser.header();
        let Some((slow, logout)) = stage
            .overlap(*at, "put", "late", &cookie, ("/logout/-", &cookie))
            .await?
        else {
            continue;
        };
        ok(&logout)?;
        let by_before = before.read(stage.site(), "user").await;
        tab.take(&logout);
        tab.take(&slow);
        let by_tab = tab.read(stage.site(), "user").await;
        seen = seen.and(by_before == "-" && by_tab == "-", || {
            format!("{at}: after the logout the user is signed in again, by the cookie from before ({by_before}) or the one that came last ({by_tab})")
        });
    }
    Ok(seen)
}

pub(super) async fn adopted(stage: &mut Stage<'_>) -> Result<Verdict> {
    adopted_by(stage, "/put/b").await
}

pub(super) async fn adopted_after_clear(stage: &mut Stage<'_>) -> Result<Verdict> {
    adopted_by(stage, "/clear-put/b").await
}

async fn adopted_by(stage: &mut Stage<'_>, path: &str) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    let Some(forged) = browser.forged(stage.subject.cookie) else {
        anyhow::bail!("no cookie {} in {}", stage.subject.cookie, browser.header());
    };
    is(&mut forged.clone(), stage.site(), "a", "-").await?;
    let answer = browser.visit(stage.site(), path).await;
    if answer.status == 501 {
        return Ok(Verdict::no("there is no function that clears a session"));
    }
    // With an id of the server's own it works; with this one an error is as good as another session.
    ok(&answer)?;
    is(&mut browser, stage.site(), "b", "1").await?;
    forged.clone().visit(stage.site(), path).await;
    let read = forged.clone().read(stage.site(), "b").await;
    Ok(Verdict::Holds.and(read == "-", || {
        "an id that the server has never issued has a session now, which whoever made it up can share with a victim".into()
    }))
}

pub(super) async fn id_after_logout(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    ok(&browser.visit(stage.site(), "/login/-").await)?;
    let mut before = browser.clone();
    let answer = browser.visit(stage.site(), "/logout-put/m").await;
    if answer.status != 200 {
        let status = answer.status;
        return Ok(Verdict::Holds.and(false, || {
            format!("a write after a logout is answered by {status}")
        }));
    }
    let read = before.read(stage.site(), "m").await;
    Ok(Verdict::Holds.and(read == "-", || {
        "the id from before the logout opens what was written after it".into()
    }))
}

pub(super) async fn rotation_fails(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    browser.visit(stage.site(), "/failed-login/-").await;
    still_there(stage, browser).await
}

pub(super) async fn rotation_cut_off(stage: &mut Stage<'_>) -> Result<Verdict> {
    if stage.subject.finishes {
        return Ok(Verdict::no(
            "Rocket 0.5 goes on with a request whose client has gone",
        ));
    }
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    {
        let cookie = browser.header();
        let login = pin!(stage.site().send("/slow-login/-", &cookie));
        let reached = pin!(stage.setting.hold.reached());
        let is_waiting = matches!(select(login, reached).await, Either::Right(_));
        ensure!(is_waiting, "the login did not wait");
    }
    still_there(stage, browser).await
}

pub(super) async fn rotation_unstored(stage: &mut Stage<'_>) -> Result<Verdict> {
    if !stage.subject.has_calls {
        return Ok(Verdict::no("there is no store that could fail"));
    }
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    stage.setting.faults.fail(Call::Write);
    browser.visit(stage.site(), "/login/-").await;
    ensure!(stage.setting.faults.is_spent(), "a login did not write");
    still_there(stage, browser).await
}

pub(super) async fn rotation_unheard(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    ok(&stage.site().send("/login/-", &browser.header()).await)?;
    still_there(stage, browser).await
}

async fn still_there(stage: &Stage<'_>, mut browser: Browser) -> Result<Verdict> {
    let read = browser.read(stage.site(), "a").await;
    Ok(Verdict::Holds.and(read == "1", || {
        format!("the browser's session is lost: its value from before is {read}")
    }))
}

pub(super) async fn wiped(stage: &mut Stage<'_>) -> Result<Verdict> {
    if !stage.subject.has_calls {
        return Ok(Verdict::no("there is no store that could fail"));
    }
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    stage.restart().await?;
    stage.setting.faults.fail(Call::Load);
    let answer = browser.visit(stage.site(), "/add/b").await;
    ensure!(stage.setting.faults.is_spent(), "a request did not load");
    let read = browser.read(stage.site(), "a").await;
    Ok(Verdict::Holds.and(read == "1", || {
        format!(
            "the request is answered by {}, and the value from before is {read}",
            answer.status
        )
    }))
}

pub(super) async fn login_replaced(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    let cookie = browser.header();
    let overlap = stage
        .overlap(At::Handler, "put", "late", &cookie, ("/login/-", &cookie))
        .await?;
    let Some((slow, login)) = overlap else {
        anyhow::bail!("the request did not wait");
    };
    ok(&login)?;
    browser.take(&login);
    browser.take(&slow);
    let read = browser.read(stage.site(), "user").await;
    Ok(Verdict::Holds.and(read == "1", || {
        "the slow request's answer replaces the login's cookie, and the user is not signed in"
            .into()
    }))
}

/// The life of a session that is to end in the scenario: the shortest that every store can keep.
pub(super) const SHORT: Duration = Duration::from_secs(1);

pub(super) async fn expired(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    is(&mut browser, stage.site(), "a", "1").await?;
    // Whoever counts in whole seconds is a second late.
    tokio::time::sleep(SHORT * 2 + Duration::from_millis(200)).await;
    let read = browser.clone().read(stage.site(), "a").await;
    let seen = Verdict::Holds.and(read == "-", || "a session that has ended is read".into());
    ok(&browser.clone().visit(stage.site(), "/put/b").await)?;
    let read = browser.read(stage.site(), "a").await;
    Ok(seen.and(read == "-", || {
        "a write brings a session back that has ended".into()
    }))
}

pub(super) async fn absent_removed(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/a").await)?;
    let answer = browser.visit(stage.site(), "/remove/absent").await;
    let read = browser.read(stage.site(), "a").await;
    Ok(Verdict::Holds.and(read == "1", || {
        format!(
            "the removal is answered by {}, and the session is lost: another value is {read}",
            answer.status
        )
    }))
}

pub(super) async fn updated(stage: &mut Stage<'_>) -> Result<Verdict> {
    let mut browser = Browser::default();
    ok(&browser.visit(stage.site(), "/put/n").await)?;
    let answer = browser.visit(stage.site(), "/update/n").await;
    if answer.status == 501 {
        return Ok(Verdict::no(
            "there is no function that changes a value in place",
        ));
    }
    ok(&answer)?;
    let read = browser.read(stage.site(), "n").await;
    Ok(Verdict::Holds.and(read == "2", || {
        format!("after an update of 1 to 2 the value is {read}")
    }))
}

fn ok(answer: &Answer) -> Result<()> {
    ensure!(
        answer.status == 200,
        "status {}: {}",
        answer.status,
        answer.body
    );
    Ok(())
}

async fn is(browser: &mut Browser, site: &dyn Site, key: &str, value: &str) -> Result<()> {
    let read = browser.read(site, key).await;
    ensure!(read == value, "{key} is {read} and not {value}");
    Ok(())
}
