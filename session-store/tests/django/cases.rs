//! One store beside a site.

#[cfg(feature = "cached")]
use std::sync::Arc;

use serde_json::value::RawValue;
use session_core::Outcome::{Applied, Refused};
use session_core::django::{SecretKeys, Signer};
use session_core::{
    Command, Only, Outcome, Policy, Record, Revoke, SessionError, Sessions, Store as _, Whose,
};
#[cfg(feature = "cached")]
use session_store::CachedStore;
use session_store::{DjangoCookies, DjangoOptions, DjangoStore};
use session_testkit::{changed, digest_of, moment_at, record_of};

use super::site::{KEY, Site, key_of, keys, load};

async fn replace(store: &DjangoStore, old: &Record, new: &Record, now: i64) -> Outcome {
    let replace = Command::Replace {
        key: &key_of(KEY),
        expected: old.revision,
        record: new,
    };
    store.write(replace, moment_at(now)).await.unwrap()
}

/// Returns the record with other values, as a next state of it.
fn next(old: &Record, data: &str) -> Record {
    changed!(
        record_of(77),
        data = data.into(),
        owner = old.owner.clone(),
        expiry = old.expiry,
        created = old.created,
        seen = old.seen,
        expires = old.expires
    )
}

pub async fn values_that_django_wrote_go_back_as_they_came(site: &Site) {
    let store = site.open().await;
    let json = r#"{"cart":[1,2.50],"_auth_user_id":"7","x":NaN,"\ud800":1,"_session_expiry":1e2,"big":123456789012345678901234567890}"#;
    site.insert(KEY, json, 3, 100).await;
    let found = load(&store, KEY, 5).await.unwrap();
    assert_eq!(found.owner.as_deref(), Some("7"));
    assert_eq!(
        (found.created, found.expires),
        (moment_at(3), moment_at(100))
    );
    let data = found.data.replace("[1,2.50]", "[1]");
    assert_eq!(
        replace(&store, &found, &next(&found, &data), 5).await,
        Applied
    );
    let now = site.json(KEY).await;
    let expected = json
        .replace("[1,2.50]", "[1]")
        .replace('}', ",\"_session\":{");
    assert!(now.starts_with(&expected), "{now}");
}

pub async fn a_new_signature_is_no_other_state(site: &Site) {
    let store = site.open().await;
    for json in [r#"{"n":1}"#.to_owned(), String::new()] {
        if json.is_empty() {
            let (key, record) = (&key_of(KEY), &record_of(1));
            let insert = Command::Insert { key, record };
            assert_eq!(store.write(insert, moment_at(0)).await.unwrap(), Applied);
        } else {
            site.insert(KEY, &json, 0, 100).await;
        }
        let found = load(&store, KEY, 0).await.unwrap();
        // As with SESSION_SAVE_EVERY_REQUEST, at a request half a minute later.
        let json = site.json(KEY).await;
        site.save(KEY, &json, 30, 130).await;
        let again = load(&store, KEY, 30).await.unwrap();
        assert_eq!(again.revision, found.revision);
        assert_eq!((again.seen, again.expires), (moment_at(30), moment_at(130)));
        // A writer that has loaded before does not bring the end back.
        let new = next(&found, r#"{"n":2}"#);
        assert_eq!(replace(&store, &found, &new, 31).await, Applied);
        let written = load(&store, KEY, 31).await.unwrap();
        assert_eq!(
            (&*written.data, written.expires),
            (r#"{"n":2}"#, moment_at(130))
        );
        let (key, only) = (&key_of(KEY), Only::Always);
        store
            .write(Command::Delete { key, only }, moment_at(0))
            .await
            .unwrap();
    }
}

pub async fn what_django_saves_is_never_overwritten(site: &Site) {
    let store = site.open().await;
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    let found = load(&store, KEY, 0).await.unwrap();
    site.save(KEY, r#"{"n":1,"theirs":1}"#, 1, 100).await;
    let new = next(&found, r#"{"n":2}"#);
    assert_eq!(replace(&store, &found, &new, 1).await, Refused);
    let touch = Command::Touch {
        key: &key_of(KEY),
        expected: found.revision,
        seen: moment_at(50),
        expires: moment_at(500),
    };
    assert_eq!(store.write(touch, moment_at(1)).await.unwrap(), Refused);
    let moving = Command::Move {
        key: &key_of(KEY),
        to: &key_of("another0"),
        expected: found.revision,
        record: &new,
    };
    assert_eq!(store.write(moving, moment_at(1)).await.unwrap(), Refused);
    assert_eq!(site.json(KEY).await, r#"{"n":1,"theirs":1}"#);
    let fresh = load(&store, KEY, 1).await.unwrap();
    let new = next(&fresh, r#"{"n":2,"theirs":1}"#);
    assert_eq!(replace(&store, &fresh, &new, 1).await, Applied);
    // A logout in Django is not undone.
    let sql = format!("DELETE FROM django_session WHERE session_key = '{KEY}'");
    site.run(&sql).await;
    assert_eq!(replace(&store, &new, &next(&new, "{}"), 1).await, Refused);
    assert_eq!(site.token(KEY).await, "");
}

pub async fn what_django_saves_blindly_is_another_state(site: &Site) {
    let store = site.open().await;
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    let stale = site.json(KEY).await;
    let found = load(&store, KEY, 0).await.unwrap();
    let new = next(&found, r#"{"n":1,"ours":1}"#);
    assert_eq!(replace(&store, &found, &new, 1).await, Applied);
    site.save(KEY, &stale, 2, 100).await;
    let after = load(&store, KEY, 2).await.unwrap();
    assert_eq!(&*after.data, r#"{"n":1}"#);
    // Nobody takes our write for the one that is there.
    assert_ne!(after.revision, new.revision);
    assert_eq!(replace(&store, &new, &next(&new, "{}"), 2).await, Refused);
}

/// Returns tokens that no session comes of.
fn unreadable() -> Vec<String> {
    let other = SecretKeys::new("another key, which the site had before the last winter").unwrap();
    let theirs = Signer::sessions(&other).sign(r#"{"n":1}"#, moment_at(0).into());
    let list = super::site::signer().sign("[1]", moment_at(0).into());
    vec![
        theirs,
        list,
        String::new(),
        "gAWVCgAAAAAAAAB9:1r31eq:x".to_owned(),
    ]
}

pub async fn a_row_that_cannot_be_read_is_left_alone(site: &Site) {
    let store = site.open().await;
    for token in unreadable() {
        site.insert_token(KEY, &token, 100).await;
        assert_eq!(load(&store, KEY, 0).await, None);
        let (key, record) = (&key_of(KEY), &record_of(2));
        let insert = Command::Insert { key, record };
        assert_eq!(store.write(insert, moment_at(0)).await.unwrap(), Refused);
        assert_eq!(replace(&store, &record_of(1), record, 0).await, Refused);
        let touch = Command::Touch {
            key,
            expected: record.revision,
            seen: moment_at(1),
            expires: moment_at(200),
        };
        assert_eq!(store.write(touch, moment_at(0)).await.unwrap(), Refused);
        let only = Only::Over(moment_at(99));
        store
            .write(Command::Delete { key, only }, moment_at(0))
            .await
            .unwrap();
        assert_eq!(
            store
                .revoke(Whose::Owner("7", Revoke::All), moment_at(0))
                .await
                .unwrap(),
            0
        );
        assert_eq!(store.sweep(moment_at(99), 10).await.unwrap(), 0);
        assert_eq!(site.token(KEY).await, token);
        // It ends like any other.
        assert_eq!(store.sweep(moment_at(100), 10).await.unwrap(), 1);
    }
}

pub async fn a_logout_ends_a_session_that_cannot_be_read(site: &Site) {
    let store = site.open().await;
    for token in unreadable() {
        site.insert_token(KEY, &token, 100).await;
        let (key, only) = (&key_of(KEY), Only::Opened(&digest_of(0)));
        store
            .write(Command::Delete { key, only }, moment_at(0))
            .await
            .unwrap();
        assert_eq!(site.run("SELECT count(*) FROM django_session").await, "0");
    }
}

pub async fn a_revocation_of_everybody_ends_sessions_that_cannot_be_read(site: &Site) {
    let store = site.open().await;
    let tokens = unreadable();
    for (number, token) in tokens.iter().enumerate() {
        site.insert_token(&format!("unread{number:02}"), token, 100)
            .await;
    }
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    let revoke = store.revoke(Whose::Tag("lent"), moment_at(0));
    assert_eq!(revoke.await.unwrap(), 0);
    let all = (tokens.len() + 1).to_string();
    assert_eq!(site.run("SELECT count(*) FROM django_session").await, all);
    // Nobody knows whether those are live.
    let revoke = store.revoke(Whose::Everybody, moment_at(0));
    assert_eq!(revoke.await.unwrap(), 1);
    assert_eq!(site.run("SELECT count(*) FROM django_session").await, "0");
}

pub async fn a_session_moves_within_its_row(site: &Site) {
    let store = site.open().await;
    site.insert(KEY, r#"{"x":[NaN],"n":1}"#, 0, 100).await;
    let found = load(&store, KEY, 0).await.unwrap();
    let moving = Command::Move {
        key: &key_of(KEY),
        to: &key_of("newkey00"),
        expected: found.revision,
        record: &changed!(next(&found, &found.data), expires = moment_at(50)),
    };
    assert_eq!(store.write(moving, moment_at(1)).await.unwrap(), Applied);
    assert_eq!(site.token(KEY).await, "");
    assert!(
        site.json("newkey00")
            .await
            .starts_with(r#"{"x":[NaN],"n":1,"#)
    );
    assert_eq!(
        load(&store, "newkey00", 1).await.unwrap().expires,
        moment_at(50)
    );
    // The same again is refused: the old key is gone.
    assert_eq!(store.write(moving, moment_at(1)).await.unwrap(), Refused);
}

pub async fn a_closed_session_is_gone(site: &Site) {
    let store = site.open().await;
    site.insert(KEY, r#"{"n":1}"#, 0, 100).await;
    let found = load(&store, KEY, 0).await.unwrap();
    let closed = changed!(next(&found, "{}"), closed = true);
    assert_eq!(replace(&store, &closed, &closed, 1).await, Refused);
    assert_eq!(replace(&store, &found, &closed, 1).await, Applied);
    assert_eq!(site.token(KEY).await, "");
    let (key, record) = (&key_of(KEY), &closed);
    let insert = Command::Insert { key, record };
    assert_eq!(store.write(insert, moment_at(1)).await.unwrap(), Applied);
    assert_eq!(load(&store, KEY, 1).await, None);
}

pub async fn a_key_of_two_parts_is_an_error(site: &Site) {
    let store = site.open().await;
    let key = &session_testkit::key_of(1);
    let error = store
        .load(key, &digest_of(0), moment_at(0))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("plain ids"), "{error}");
    let only = Only::Always;
    let delete = store
        .write(Command::Delete { key, only }, moment_at(0))
        .await;
    assert!(delete.unwrap_err().to_string().contains("plain ids"));
}

pub async fn a_value_of_a_reserved_name_is_an_error(site: &Site) {
    let store = site.open().await;
    let record = &changed!(record_of(1), data = r#"{"_auth_user_id":"1"}"#.into());
    let key = &key_of(KEY);
    let insert = Command::Insert { key, record };
    let error = store.write(insert, moment_at(0)).await.unwrap_err();
    assert!(error.to_string().contains("_auth_user_id"), "{error}");
    assert_eq!(site.token(KEY).await, "");
}

pub async fn a_value_that_django_could_not_read_is_refused_where_it_is_set(site: &Site) {
    let policy = Policy::builder().plain_ids().build().unwrap();
    let store = site.open().await;
    // A cache has the rules of the store behind it.
    #[cfg(feature = "cached")]
    let store = CachedStore::new(Arc::new(store));
    let stored = Sessions::new(policy.clone(), store);
    let in_cookies = Sessions::in_cookies(policy, DjangoCookies::new(&keys()));
    let deep = format!("{}{}", "[".repeat(970), "]".repeat(970));
    let deep = RawValue::from_string(deep).unwrap();
    for sessions in [stored, in_cookies] {
        let request = sessions.open([]);
        let session = request.handle().load().await.unwrap();
        for name in ["_auth_user_id", "_session_expiry", "_session"] {
            let error = session.insert(name, 1).unwrap_err();
            assert!(matches!(error, SessionError::Value(_)), "{error}");
            assert!(
                error.to_string().contains("set the field instead"),
                "{error}"
            );
        }
        let error = session.insert("deep", &deep).unwrap_err();
        assert!(error.to_string().contains("970 levels"), "{error}");
        session.insert("flat", [1]).unwrap();
        let reply = request.commit(200).await.unwrap();
        assert!(reply.set_cookie().is_some());
    }
}

pub async fn an_old_key_still_opens(site: &Site) {
    let site_before =
        SecretKeys::new("the key of last year, which was also long enough so").unwrap();
    let now = keys().fallback("the key of last year, which was also long enough so");
    let options = DjangoOptions::new().create(true);
    let store = DjangoStore::open_with(&site.url(), &now, options)
        .await
        .unwrap();
    let token = Signer::sessions(&site_before).sign(r#"{"n":1}"#, moment_at(0).into());
    site.insert_token(KEY, &token, 100).await;
    let found = load(&store, KEY, 0).await.unwrap();
    let new = next(&found, r#"{"n":2}"#);
    assert_eq!(replace(&store, &found, &new, 0).await, Applied);
    // The primary key has signed it.
    assert!(site.json(KEY).await.starts_with(r#"{"n":2,"#));
}

pub async fn rows_of_other_keys_are_no_devices(site: &Site) {
    let store = site.open().await;
    let json = r#"{"_auth_user_id":"7"}"#;
    for (number, key) in (0..).zip(["UPPERCASE", "short", "with space", KEY, "another0"]) {
        site.insert(key, json, number, 100).await;
    }
    site.insert("thirdkey", r#"{"_auth_user_id":"70"}"#, 0, 100)
        .await;
    let devices = store.devices("7", None, moment_at(50), 10).await.unwrap();
    let handles: Vec<_> = devices.iter().map(|device| device.public_id).collect();
    assert_eq!(
        handles,
        ["another0", KEY].map(|key| key_of(key).public_id())
    );
}

pub async fn a_session_of_an_owner_is_ended_whatever_its_key_is(site: &Site) {
    let store = site.open().await;
    let json = r#"{"_auth_user_id":"7"}"#;
    for key in ["UPPERCASE", "with space", KEY, "another0"] {
        site.insert(key, json, 0, 100).await;
    }
    site.insert("thirdkey", r#"{"_auth_user_id":"70"}"#, 0, 100)
        .await;
    let kept = &key_of(KEY).public_id();
    let ended = store
        .revoke(Whose::Owner("7", Revoke::AllBut(kept)), moment_at(0))
        .await;
    assert_eq!(ended.unwrap(), 3);
    let left = site
        .run("SELECT session_key FROM django_session ORDER BY session_key")
        .await;
    assert_eq!(left, format!("{KEY}\nthirdkey"));
}
