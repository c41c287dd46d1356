//! Connections that break before or after the server has applied a command.

use session_core::{
    Command, Digest, Only, Outcome, Policy, Record, Revoke, Session, SessionError, Sessions, Store,
    Whose,
};
use session_servers::{Cut, FaultProxy, Redis, skips};
use session_store::RedisStore;
use session_testkit::{changed, digest_of, key_of};

use crate::browser::Browser;
use crate::counter::{Counter, HOUR, draw, lasting, now};

const CUTS: [Cut; 2] = [Cut::BeforeRequest, Cut::BeforeResponse];

/// Returns a store behind a proxy.
async fn cuttable(redis: &Redis) -> (RedisStore, FaultProxy) {
    let proxy = FaultProxy::to(redis.port()).unwrap();
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    (RedisStore::open(url).await.unwrap(), proxy)
}

#[tokio::test]
async fn a_command_is_done_once_although_the_connection_breaks() {
    let name = "a_command_is_done_once_although_the_connection_breaks";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, proxy) = cuttable(&redis).await;
    let key = &key_of(1);
    for owner in [None, Some("ada")] {
        let record = &lasting(1, owner, HOUR);
        let next = &changed!(record.clone(), revision = draw());
        let over = &changed!(record.clone(), revision = draw(), expires = now());
        let replace = |expected: &Record, record| Command::Replace {
            key,
            expected: expected.revision,
            record,
        };
        let touch = Command::Touch {
            key,
            expected: next.revision,
            seen: now(),
            expires: now() + HOUR * 2,
        };
        for cut in CUTS {
            for (command, expected) in [
                (Command::Insert { key, record }, Some(record)),
                (replace(record, next), Some(next)),
                (touch, Some(next)),
                (replace(next, over), None),
            ] {
                proxy.cut(cut);
                let outcome = store.write(command, now()).await.unwrap();
                assert_eq!(outcome, Outcome::Applied, "{cut:?}, {command:?}");
                assert!(proxy.has_cut());
                let secret: &Digest = &digest_of(0);
                proxy.cut(cut);
                let found = store.load(key, secret, now()).await.unwrap();
                let (found, expected) = (found.map(|found| found.revision), expected);
                assert_eq!(found, expected.map(|record| record.revision), "{command:?}");
            }
        }
    }
}

#[tokio::test]
async fn ends_and_lists_do_not_notice_that_the_connection_breaks() {
    let name = "ends_and_lists_do_not_notice_that_the_connection_breaks";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, proxy) = cuttable(&redis).await;
    for cut in CUTS {
        let first = Counter::begin(&store, 1, Some("ada")).await;
        let second = Counter::begin(&store, 2, Some("ada")).await;
        proxy.cut(cut);
        first.delete(Only::Opened(&digest_of(0))).await.unwrap();
        proxy.cut(cut);
        let devices = store.devices("ada", None, now(), 1_000).await.unwrap();
        assert_eq!(devices.len(), 1, "{cut:?}");
        proxy.cut(cut);
        assert_eq!(
            store
                .revoke(Whose::Owner("ada", Revoke::All), now())
                .await
                .unwrap(),
            1
        );
        assert_eq!(second.counted().await.unwrap(), None);
    }
}

/// The first attempt may have been applied before the other write.
#[tokio::test]
async fn it_is_an_error_if_others_wrote_before_the_second_attempt() {
    let name = "it_is_an_error_if_others_wrote_before_the_second_attempt";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, proxy) = cuttable(&redis).await;
    let counter = Counter::begin(&store, 1, None).await;
    let old = counter.load().await.unwrap().unwrap();
    counter.count().await.unwrap();
    let record = &changed!(old.clone(), revision = draw());
    let replace = Command::Replace {
        key: &counter.key,
        expected: old.revision,
        record,
    };
    let refused = store.write(replace, now()).await.unwrap();
    assert_eq!(refused, Outcome::Refused);
    proxy.cut(Cut::BeforeResponse);
    let error = store.write(replace, now()).await.unwrap_err().to_string();
    assert!(error.contains("others have written since"), "{error}");
    assert_eq!(counter.counted().await.unwrap(), Some(1));
}

type Act = fn(&Session) -> Result<(), SessionError>;

/// What a request of Ada's may do, and the owner of the session that her browser has afterwards.
const ACTS: [(&str, Act, Option<&str>); 7] = [
    ("count", count, Some("ada")),
    ("cycle", |session| session.cycle(), Some("ada")),
    (
        "reauthenticate",
        |session| session.reauthenticate(),
        Some("ada"),
    ),
    (
        "sign in again",
        |session| session.sign_in("ada"),
        Some("ada"),
    ),
    (
        "sign in as another",
        |session| session.sign_in("bob"),
        Some("bob"),
    ),
    ("log out", |session| session.destroy(), None),
    (
        "log out and sign in",
        |session| {
            session.destroy()?;
            session.sign_in("ada")
        },
        Some("ada"),
    ),
];

fn count(session: &Session) -> Result<(), SessionError> {
    session
        .update("n", |n: Option<u32>| n.unwrap_or(0) + 1)
        .map(drop)
}

/// Empties the server and signs ada in.
async fn signed_in(redis: &Redis, sessions: &Sessions) -> Browser {
    redis.cli(&["FLUSHALL"]).unwrap();
    let browser = Browser::new(sessions, "");
    let sent = browser.send(|session| session.sign_in("ada")).await;
    sent.unwrap();
    browser
}

#[tokio::test]
async fn whichever_answer_is_lost_the_browser_has_the_session_that_its_request_made() {
    let name = "whichever_answer_is_lost_the_browser_has_the_session_that_its_request_made";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, proxy) = cuttable(&redis).await;
    let sessions = Sessions::new(Policy::default(), store);
    for (what, act, owner) in ACTS {
        for cut in CUTS {
            for skipped in 0.. {
                let browser = signed_in(&redis, &sessions).await;
                browser.send(count).await.unwrap();
                let case = format!("{what}, {cut:?} of request {skipped}");
                proxy.plan(vec![None; skipped].into_iter().chain([Some(cut)]));
                let sent = browser.send(act).await;
                assert!(sent.is_ok(), "{case}: {sent:?}");
                if !proxy.has_cut() {
                    // Each of its requests was cut once.
                    assert!(skipped > 1, "{case}");
                    break;
                }
                let seen = browser.send(|session| {
                    let n = session.get::<u32>("n")?;
                    Ok((session.owner(), n, session.authenticated_at().is_some()))
                });
                let (signed_in, n, authenticated) = seen.await.unwrap();
                assert_eq!(signed_in.as_deref(), owner, "{case}");
                assert_eq!(authenticated, owner.is_some(), "{case}");
                let kept = match what {
                    "count" => Some(2),
                    "cycle" | "reauthenticate" | "sign in again" => Some(1),
                    _ => None,
                };
                assert_eq!(n, kept, "{case}");
                for name in ["ada", "bob"] {
                    let devices = sessions.devices(name).await.unwrap();
                    let expected = usize::from(owner == Some(name));
                    assert_eq!(devices.len(), expected, "{case}: {name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_fails_since_two_answers_were_lost_can_be_repeated() {
    let name = "a_request_that_fails_since_two_answers_were_lost_can_be_repeated";
    if skips(name, &Redis::PROGRAMS) {
        return;
    }
    let redis = Redis::start().unwrap();
    let (store, proxy) = cuttable(&redis).await;
    let sessions = Sessions::new(Policy::default(), store);
    for (what, act, owner) in ACTS {
        for cut in CUTS {
            for skipped in 0.. {
                let browser = signed_in(&redis, &sessions).await;
                let case = format!("{what}, {cut:?} of requests {skipped} and the next");
                proxy.plan(vec![None; skipped].into_iter().chain([Some(cut); 2]));
                let sent = browser.send(act).await;
                if !proxy.has_cut() {
                    assert!(skipped > 1, "{case}");
                    proxy.plan([]);
                    break;
                }
                if sent.is_err() {
                    browser.send(act).await.unwrap();
                }
                let signed_in = browser.send(|session| Ok(session.owner())).await.unwrap();
                assert_eq!(signed_in.as_deref(), owner, "{case}: {sent:?}");
            }
        }
    }
}
