//! Logouts that cross a change of the session's key.

use std::sync::Arc;

use session_core::Only::{self, Always};
use session_core::{Command, Outcome, Record, Store as _};
use session_store::DjangoStore;
use session_testkit::{changed, digest_of, moment_at, record_of};

use super::site::{KEY, Site, key_of, load};

/// What a session gets with a new key.
struct Change<'a> {
    owner: Option<&'a str>,
    /// When it is said to have begun; as before if `None`.
    created: Option<i64>,
    /// Its values; as before if `None`.
    data: Option<&'a str>,
}

impl<'a> Change<'a> {
    /// None but the owner, who may be the same.
    fn to(owner: Option<&'a str>) -> Self {
        let (created, data) = (None, None);
        Self {
            owner,
            created,
            data,
        }
    }
}

/// Gives the session of a key a new one.
async fn rename(store: &DjangoStore, from: &str, to: &str, change: &Change<'_>) -> Outcome {
    let Some(found) = load(store, from, 1).await else {
        return Outcome::Refused;
    };
    let record: &Record = &changed!(
        record_of(7),
        owner = change.owner.map(Into::into),
        created = change.created.map_or(found.created, moment_at),
        data = change.data.map_or(found.data, Into::into)
    );
    let renaming = Command::Move {
        key: &key_of(from),
        to: &key_of(to),
        expected: found.revision,
        record,
    };
    store.write(renaming, moment_at(1)).await.unwrap()
}

async fn end(store: &DjangoStore, key: &str, only: Only<'_>, now: i64) {
    let key = &key_of(key);
    let delete = Command::Delete { key, only };
    let ended = store.write(delete, moment_at(now)).await.unwrap();
    assert_eq!(ended, Outcome::Applied);
}

/// By the old key, within the time for which a request may be under way.
pub async fn a_logout_ends_a_session_that_has_got_a_new_key_meanwhile(site: &Site) {
    let store = site.open().await;
    let over = moment_at(50);
    let secret = digest_of(0);
    let hash = Some(r#"{"_auth_user_hash":"other"}"#);
    let (seven, to) = (Some("7"), Change::to);
    for (from, new, change, only, now, is_ended) in [
        (None, &["newkey01"][..], to(None), Always, 2, true),
        (seven, &["newkey02"], to(seven), Always, 2, true),
        (
            seven,
            &["newkey03"],
            to(seven),
            Only::Opened(&secret),
            301,
            true,
        ),
        (seven, &["newkey04", "newkey05"], to(seven), Always, 2, true),
        // Whoever had planted the key of before a sign-in has no part in its session.
        (None, &["newkey06"], to(seven), Always, 2, false),
        (seven, &["newkey07"], to(Some("8")), Always, 2, false),
        // The same user has signed in once more, which begins another session.
        (
            seven,
            &["newkey10"],
            Change {
                created: Some(1),
                ..to(seven)
            },
            Always,
            2,
            false,
        ),
        // The password was changed. A request beside that still has the old hash, and ends the session
        // whose key it came with.
        (
            seven,
            &["newkey11"],
            Change {
                data: hash,
                ..to(seven)
            },
            Always,
            2,
            false,
        ),
        // The row of the old key was over, and not the one of the new.
        (None, &["newkey08"], to(None), Only::Over(over), 60, false),
        // A request is not under way for as long.
        (None, &["newkey09"], to(None), Always, 302, false),
    ] {
        let json = from.map_or_else(
            || r#"{"n":1}"#.to_owned(),
            |owner: &str| format!(r#"{{"_auth_user_id":"{owner}","_auth_user_hash":"one"}}"#),
        );
        site.insert(KEY, &json, 0, 100).await;
        let mut key = KEY;
        for to in new {
            assert_eq!(rename(&store, key, to, &change).await, Outcome::Applied);
            key = to;
        }
        end(&store, KEY, only, now).await;
        assert_eq!(site.token(key).await.is_empty(), is_ended, "{key}");
    }
}

pub async fn a_logout_beside_two_new_keys_is_never_undone(site: &Site) {
    let store = Arc::new(site.open().await);
    for round in 0..20 {
        site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
        let renaming = ["a", "b"].map(|name| {
            let store = Arc::clone(&store);
            let to = format!("{name}rounds{round:02}");
            tokio::spawn(async move { rename(&store, KEY, &to, &Change::to(None)).await })
        });
        if round % 2 == 1 {
            tokio::task::yield_now().await;
        }
        end(&store, KEY, Always, 1).await;
        let mut outcomes = Vec::new();
        for renaming in renaming {
            outcomes.push(renaming.await.unwrap());
        }
        let left = site.run("SELECT session_key FROM django_session").await;
        assert_eq!(left, "", "round {round}: {outcomes:?}");
    }
}

pub async fn a_key_that_comes_back_is_tried_once(site: &Site) {
    let store = site.open().await;
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    for (from, to) in [(KEY, "newkey00"), ("newkey00", KEY)] {
        let renamed = rename(&store, from, to, &Change::to(None)).await;
        assert_eq!(renamed, Outcome::Applied);
    }
    for _ in 0..2 {
        end(&store, KEY, Always, 2).await;
        assert_eq!(site.run("SELECT count(*) FROM django_session").await, "0");
    }
}
