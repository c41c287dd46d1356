//! What happens while a new id is on its way to the browser, and when it never arrives.

use std::time::Duration;

use serde_json::{Value, json};

use crate::stage::Stage;
use crate::traffic::{answers, assert_answered, login, lose_the_answer, request, send, sessions};
use crate::visitor::Visitor;

pub async fn a_double_click_on_sign_in_signs_in(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    for pause in [0, 5, 20] {
        sign_in_twice(&visitor, Duration::ZERO, pause).await;
        // The second login may be under way, and a page that is about to change can't be looked at.
        visitor.go_home().await;
        assert_signed_in(&visitor, "a double click").await;
        sign_out_everywhere(&visitor).await;
    }
    // The second click finds the first login stored but not answered, unless the machine is too busy.
    for seconds in [1, 4, 16] {
        let delay = Duration::from_secs(seconds);
        sign_in_twice(&visitor, delay, 200 * seconds).await;
        assert_signed_in(&visitor, "a double click").await;
        if visitor.count(DEVICES).await == 2 {
            return;
        }
        sign_out_everywhere(&visitor).await;
    }
    panic!("no second click was in time");
}

pub async fn of_two_logins_at_once_the_last_answer_counts(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    for (first, second) in [("?delay_ms=600", "?delay_ms=300"), ("", "?delay_ms=300")] {
        begin(&visitor).await;
        send(&visitor, &[login(0, first), login(0, second)]).await;
        assert_answered(&answers(&visitor).await);
        visitor.reload().await;
        assert_signed_in(&visitor, "two logins").await;
        sign_out_everywhere(&visitor).await;
    }
    // A script's login is sent before that of the form and answered after it, unless the machine is too busy.
    let tab = visitor.tab().await;
    for delay in [2000, 8000, 32_000] {
        begin(&visitor).await;
        let other = visitor.open_tab().await;
        send(&visitor, &[login(0, &format!("?delay_ms={delay}"))]).await;
        visitor.turn_to(&other).await;
        visitor.sign_in("ada").await;
        assert_signed_in(&visitor, "the second login").await;
        let before = id(&visitor).await;

        visitor.turn_to(&tab).await;
        assert_answered(&answers(&visitor).await);
        visitor.reload().await;
        assert_signed_in(&visitor, "both logins").await;
        if id(&visitor).await != before {
            let devices = visitor.count(DEVICES).await;
            assert_eq!(devices, 2, "neither login has known of the other");
            return;
        }
        sign_out_everywhere(&visitor).await;
    }
    panic!("no first login was answered last");
}

pub async fn a_page_from_before_a_login_works(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    let mut tabs = Vec::new();
    for _ in 0..3 {
        tabs.push(visitor.open_tab().await);
    }
    visitor.sign_in("ada").await;
    let signed_in = visitor.open_tab().await;

    visitor.turn_to(&tabs[0]).await;
    assert_eq!(visitor.user().await, None, "this page is old");
    visitor.count_a_visit().await;
    assert_user(&visitor, "a visit on an old page").await;
    assert_eq!(visitor.visits().await, 2, "the visit counts");
    visitor.turn_to(&tabs[1]).await;
    visitor.add_note("bread").await;
    assert_user(&visitor, "a note on an old page").await;
    assert_eq!(visitor.notes().await, ["milk", "bread"]);
    visitor.turn_to(&tabs[2]).await;
    visitor.sign_in("ada").await;
    assert_user(&visitor, "a login on an old page").await;
    assert_eq!(visitor.visits().await, 2, "the values come along");
    assert_eq!(visitor.notes().await, ["milk", "bread"]);

    // This page is from before the second login.
    visitor.turn_to(&signed_in).await;
    visitor.sign_out().await;
    assert_no_error(&visitor, "a logout on an old page").await;
    assert_eq!(visitor.user().await, None, "the logout holds");
    visitor.turn_to(&tabs[2]).await;
    visitor.press(REVOKE_OTHERS).await;
    assert_eq!(visitor.user().await, None, "it holds for every page");
}

/// The login's answer is lost, so the browser goes on with the id from before it.
pub async fn a_page_whose_login_was_lost_works(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    let before = id(&visitor).await;
    lose_the_answer(&visitor, login(0, "")).await;
    assert_eq!(id(&visitor).await, before, "the answer is lost");

    visitor.count_a_visit().await;
    assert_no_error(&visitor, "a visit with the old id").await;
    assert_eq!(visitor.visits().await, 1, "the login is stored");
    visitor.add_note("bread").await;
    assert_no_error(&visitor, "a note with the old id").await;
    assert_eq!(visitor.notes().await, ["milk"], "nothing is changed");
    assert_eq!(visitor.user().await, None, "nothing is given away");

    visitor.sign_in("ada").await;
    assert_signed_in(&visitor, "another login").await;
    let devices = visitor.count(DEVICES).await;
    assert_eq!(devices, 2, "the lost session is not hidden");
    visitor.count_a_visit().await;
    assert_eq!(visitor.visits().await, 2, "the new session is written");
}

pub async fn the_back_button_after_a_login_leads_to_a_page_that_works(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    // Chromium keeps the old page only if its address differs from the next one's.
    let old = format!("{}?old", server.url("127.0.0.1"));
    visitor.go(&old).await;
    visitor.sign_in("ada").await;

    visitor.go_back().await;
    assert_eq!(visitor.user().await, None, "the old page is shown again");
    visitor.count_a_visit().await;
    assert_user(&visitor, "a visit on the old page").await;
    assert_eq!(visitor.visits().await, 2, "the visit counts");

    visitor.go_back().await;
    assert_eq!(visitor.user().await, None, "the old page is shown again");
    visitor.sign_in("ada").await;
    assert_user(&visitor, "a login on the old page").await;
    assert_eq!(visitor.visits().await, 2, "the values come along");
    assert_eq!(
        visitor.count(DEVICES).await,
        1,
        "the browser left one session"
    );
}

pub async fn requests_under_way_during_a_login_are_answered(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    // By the id from before the first login those values are seen that nobody owned.
    for (round, seen) in [("first", json!(["milk"])), ("second", Value::Null)] {
        visitor.delay_answers(ON_THE_WAY).await;
        // Some are there before the login is committed, some while its answer is on its way.
        let mut requests = vec![
            request(0, "GET", "/api/session?delay_ms=300"),
            request(0, "PUT", "/api/data/before?delay_ms=300"),
            request(0, "POST", "/api/data/visits/increment?delay_ms=300"),
            login(100, ""),
        ];
        for at in [100, 200, 300] {
            requests.push(request(at, "GET", &format!("/api/session?{round}={at}")));
            requests.push(request(at, "GET", &format!("/?{round}={at}")));
            requests.push(request(at, "PUT", &format!("/api/data/at-{at}")));
            requests.push(request(at, "POST", "/form/visit"));
        }
        send(&visitor, &requests).await;
        let received = answers(&visitor).await;
        visitor.delay_answers(Duration::ZERO).await;
        assert_answered(&received);
        // Those that were sent after the login.
        let (new, old): (Vec<_>, Vec<_>) = sessions(&received[4..])
            .into_iter()
            .partition(|session| session["owner"] == "ada");
        assert!(
            !old.is_empty(),
            "requests have overtaken the login's answer"
        );
        for session in old {
            let notes = &session["data"]["notes"];
            assert_eq!(*notes, seen, "by the old id, the {round} login");
        }
        for session in new {
            let notes = &session["data"]["notes"];
            assert_eq!(*notes, json!(["milk"]), "signed in, the {round} login");
        }

        visitor.reload().await;
        assert_user(&visitor, round).await;
        assert_eq!(visitor.notes().await, ["milk"], "the notes come along");
        assert!(visitor.visits().await >= 1, "the visits come along");
    }
}

pub async fn requests_under_way_during_a_rotation_lose_nothing(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    let visitor = stage.visit(&server, &profile).await;
    begin(&visitor).await;
    visitor.sign_in("ada").await;
    let mut visits = 1;
    for rotation in ["cycle", "reauthenticate"] {
        let before = id(&visitor).await;
        visitor.delay_answers(ON_THE_WAY).await;
        let increment = |at: u32, delay: u32| {
            let path = format!("/api/data/visits/increment?delay_ms={delay}");
            request(at, "POST", &path)
        };
        // The last of these is committed when the new id has been presented.
        let mut requests = vec![increment(0, 300), increment(0, 600), increment(0, 2000)];
        requests.push(request(100, "POST", &format!("/api/{rotation}")));
        for at in [100, 200, 300, 1000, 1100] {
            requests.push(increment(at, 0));
            let path = format!("/api/data/{rotation}-{at}");
            requests.push(request(at, "PUT", &path));
            let path = format!("/api/session?{rotation}={at}");
            requests.push(request(at, "GET", &path));
        }
        send(&visitor, &requests).await;
        let received = answers(&visitor).await;
        visitor.delay_answers(Duration::ZERO).await;
        assert_answered(&received);
        for session in sessions(&received) {
            assert_eq!(session["owner"], "ada", "each is signed in");
            assert_eq!(session["data"]["notes"], json!(["milk"]), "{session}");
        }
        assert_ne!(id(&visitor).await, before, "the id is another");
        visits += 8;
        visitor.reload().await;
        assert_user(&visitor, rotation).await;
        assert_eq!(visitor.visits().await, visits, "every one counts");
        send(&visitor, &[request(0, "GET", "/api/session")]).await;
        let session = sessions(&answers(&visitor).await).remove(0);
        let values = session["data"].as_object().unwrap().keys();
        let written = values.filter(|key| key.starts_with(rotation)).count();
        assert_eq!(written, 5, "no value is lost");
    }
}

pub async fn a_lost_answer_of_a_rotation_logs_nobody_out(stage: &Stage) {
    let server = stage.serve(&[]);
    let profile = stage.profile("one");
    // Under each name the browser has another session, so that one wait is enough for all.
    let [cycled, unfinished, reauthenticated] =
        ["127.0.0.1", "localhost", "other.localhost"].map(|host| server.url(host));
    let visitor = stage.visit(&server, &profile).await;
    let mut ids = Vec::new();
    for (url, path) in [
        (&cycled, "/api/cycle"),
        // The browser goes away before the handler is done.
        (&unfinished, "/api/cycle?delay_ms=3000"),
        (&reauthenticated, "/api/reauthenticate"),
    ] {
        visitor.go(url).await;
        begin(&visitor).await;
        visitor.sign_in("ada").await;
        ids.push(id(&visitor).await);
        lose_the_answer(&visitor, request(0, "POST", path)).await;
        assert_eq!(ids.last(), Some(&id(&visitor).await), "the answer is lost");
    }
    tokio::time::sleep(GRACE + Duration::from_secs(1)).await;
    for url in [&cycled, &unfinished, &reauthenticated] {
        visitor.go(url).await;
        assert_signed_in(&visitor, "a lost answer").await;
        assert_eq!(visitor.count_a_visit().await, 2, "the session is written");
        assert_user(&visitor, "a visit after a lost answer").await;
    }
    visitor.go(&cycled).await;
    assert_ne!(id(&visitor).await, ids[0], "the new id is issued again");
    visitor.go(&reauthenticated).await;
    assert_eq!(
        id(&visitor).await,
        ids[2],
        "never that of a re-authentication"
    );
}

/// Begins a session with one visit and one note.
async fn begin(visitor: &Visitor) {
    assert_eq!(visitor.count_a_visit().await, 1);
    visitor.add_note("milk").await;
}

async fn sign_in_twice(visitor: &Visitor, delay: Duration, pause: u64) {
    begin(visitor).await;
    visitor.enter("#user", "ada").await;
    visitor.delay_answers(delay).await;
    let pause = Duration::from_millis(pause);
    visitor.double_click("#login-form button", pause).await;
    visitor.delay_answers(Duration::ZERO).await;
}

async fn sign_out_everywhere(visitor: &Visitor) {
    visitor.press(REVOKE_OTHERS).await;
    visitor.sign_out().await;
}

/// Asserts that Ada is signed in, with what was there before.
async fn assert_signed_in(visitor: &Visitor, after: &str) {
    assert_user(visitor, after).await;
    assert_eq!(visitor.visits().await, 1, "{after} keeps the visits");
    assert_eq!(visitor.notes().await, ["milk"], "{after} keeps the notes");
}

async fn assert_user(visitor: &Visitor, after: &str) {
    assert_no_error(visitor, after).await;
    let user = visitor.user().await;
    assert_eq!(user.as_deref(), Some("ada"), "signed in after {after}");
}

async fn assert_no_error(visitor: &Visitor, after: &str) {
    let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
    let status = visitor.script(status).await;
    assert_eq!(status, 200, "the page after {after} is no error");
    let notices = visitor.texts("#notice").await;
    assert!(notices.is_empty(), "{notices:?} after {after}");
}

/// The session's cookie.
async fn id(visitor: &Visitor) -> String {
    let cookies = visitor.cookies().await;
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    cookies[0].value().to_owned()
}

const DEVICES: &str = "#devices tbody tr";
const REVOKE_OTHERS: &str = "#revoke-others-form button";

/// The time that an answer takes, in which further requests go out with the old id.
const ON_THE_WAY: Duration = Duration::from_millis(600);

/// The time for which the old id opens the session whatever has happened.
const GRACE: Duration = Duration::from_secs(10);
