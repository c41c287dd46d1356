//! Who is signed in: Django's `login`, `get_user` and `update_session_auth_hash`.

use serde_json::{Map, Value};
use session_core::django::{
    Auth, CSRF_TOKEN, Check, MODEL_BACKEND, SecretKeys, Signer, USER_BACKEND, USER_HASH, USER_ID,
    User, session_auth_hash,
};
use session_core::{Session, SessionError};

use super::util::World;
use super::vectors;

const PASSWORD: &str = "pbkdf2_sha256$1000000$abc$def=";
const CHANGED: &str = "pbkdf2_sha256$1000000$ghi$jkl=";

fn keys() -> SecretKeys {
    SecretKeys::danger_accept_weak("new")
        .unwrap()
        .fallback("old")
}

fn auth() -> Auth {
    Auth::new(&keys())
}

/// A browser that has signed in as user 7 after it had put something into its cart.
fn signed_in(world: &World, auth: &Auth) -> String {
    let act = |session: &Session| {
        session.insert("cart", [1]).unwrap();
        session.insert(CSRF_TOKEN, "secret").unwrap();
        auth.login(session, &User::new("7", PASSWORD)).unwrap();
    };
    world.request("", 200, act).id().unwrap()
}

/// The values as Django would see them.
fn values(session: &Session) -> Map<String, Value> {
    let read = |(name, text): (String, String)| (name, serde_json::from_str(&text).unwrap());
    let mut all: Map<String, Value> = session.iter().map(read).collect();
    if let Some(owner) = session.owner() {
        all.insert(USER_ID.into(), (*owner).into());
    }
    all
}

fn names(session: &Session) -> Vec<String> {
    values(session).keys().cloned().collect()
}

#[test]
fn every_auth_hash_of_django_is_ours() {
    for all in [vectors::first(), vectors::second()] {
        let cases = match &all["auth_hash"] {
            Value::Object(one) if one.contains_key("hash") => vec![&all["auth_hash"]],
            many => many.as_object().unwrap().values().collect(),
        };
        for case in cases {
            let keys = match all.get("keys") {
                Some(_) => vectors::keys(&all, case),
                None => {
                    SecretKeys::danger_accept_weak(all["secret_key"].as_str().unwrap()).unwrap()
                }
            };
            let hash = session_auth_hash(case["password"].as_str().unwrap(), &keys);
            assert_eq!(hash, case["hash"].as_str().unwrap());
            if let Some(old) = case["fallback_hashes"][0].as_str() {
                let keys = vectors::keys(&all, &serde_json::json!({ "secret_key": "old" }));
                let hash = session_auth_hash(case["password"].as_str().unwrap(), &keys);
                assert_eq!(hash, old);
            }
        }
    }
}

#[test]
fn a_login_takes_an_anonymous_sessions_values_along_but_not_its_csrf_secret() {
    let (world, auth) = (World::new(|policy| policy), auth());
    let cookie = signed_in(&world, &auth);
    world.request(&cookie, 200, |session| {
        assert_eq!(names(session), [USER_BACKEND, USER_HASH, USER_ID, "cart"]);
        let hash = session_auth_hash(PASSWORD, &keys());
        assert_eq!(values(session)[USER_HASH], *hash);
        assert_eq!(values(session)[USER_BACKEND], MODEL_BACKEND);
    });
}

#[test]
fn a_login_keeps_values_only_of_the_same_user_with_the_same_password() {
    for (user, keeps) in [
        (User::new("7", PASSWORD), true),
        (User::new("7", PASSWORD).backend("shop.auth.Tokens"), true),
        (User::new("7", CHANGED), false),
        (User::new("8", PASSWORD), false),
        (User::new("8", CHANGED), false),
    ] {
        let (world, auth) = (World::new(|policy| policy), auth());
        let first = signed_in(&world, &auth);
        let seen = world.request(&first, 200, |session| auth.login(session, &user).unwrap());
        let second = seen.id().unwrap();
        assert_ne!(first, second, "{user:?}");
        world.request(&second, 200, |session| {
            assert_eq!(session.contains("cart"), keeps, "{user:?}");
            assert_eq!(names(session).len(), 3 + usize::from(keeps), "{user:?}");
        });
        // The id from before neither names a user nor shows a value.
        world.request(&first, 200, |session| assert_eq!(names(session).len(), 0));
    }
}

#[test]
fn a_session_that_an_old_key_has_signed_in_is_not_taken_along_by_a_login() {
    let world = World::new(|policy| policy);
    let old = Auth::new(&SecretKeys::danger_accept_weak("old").unwrap());
    let cookie = signed_in(&world, &old);
    world.request(&cookie, 200, |session| {
        auth().login(session, &User::new("7", PASSWORD)).unwrap();
        assert!(!session.contains("cart"));
    });
}

#[test]
fn a_changed_password_ends_every_session_but_the_one_that_changed_it() {
    let (world, auth) = (World::new(|policy| policy), auth());
    let (here, there) = (signed_in(&world, &auth), signed_in(&world, &auth));
    let seen = world.request(&here, 200, |session| {
        auth.update(session, CHANGED).unwrap();
    });
    assert_eq!(seen.effect(&here), "new");
    let here = seen.id().unwrap();
    let seen = world.request(&here, 200, |session| {
        assert_eq!(auth.check(session, CHANGED).unwrap(), Check::Valid);
        assert!(session.contains("cart"));
    });
    assert_eq!(seen.effect(&here), "-");
    let seen = world.request(&there, 200, |session| {
        assert_eq!(auth.check(session, CHANGED).unwrap(), Check::Ended);
        assert_eq!(auth.signed_in(session), None);
        assert_eq!(auth.check(session, CHANGED).unwrap(), Check::Anonymous);
    });
    assert_eq!(seen.effect(&there), "remove");
    assert_eq!(world.rows(), 1);
}

#[test]
fn a_hash_of_a_fallback_key_is_renewed_with_a_new_id() {
    let world = World::new(|policy| policy);
    let old = Auth::new(&SecretKeys::danger_accept_weak("old").unwrap());
    let cookie = signed_in(&world, &old);
    let seen = world.request(&cookie, 200, |session| {
        assert_eq!(auth().check(session, PASSWORD).unwrap(), Check::Renewed);
        assert_eq!(auth().check(session, PASSWORD).unwrap(), Check::Valid);
    });
    assert_eq!(seen.effect(&cookie), "new");
    world.request(&seen.id().unwrap(), 200, |session| {
        assert_eq!(values(session)[USER_HASH], *auth_hash());
        assert!(session.contains("cart"));
    });
    // Without the fallback it ends.
    let new = Auth::new(&SecretKeys::danger_accept_weak("newest").unwrap());
    let cookie = signed_in(&world, &old);
    let seen = world.request(&cookie, 200, |session| {
        assert_eq!(new.check(session, PASSWORD).unwrap(), Check::Ended);
    });
    assert_eq!(seen.effect(&cookie), "remove");
}

fn auth_hash() -> String {
    session_auth_hash(PASSWORD, &keys())
}

#[test]
fn a_missing_or_damaged_hash_ends_the_session() {
    let damage: [fn(&Session); 4] = [
        |session| assert!(session.remove(USER_HASH).unwrap()),
        |session| session.insert(USER_HASH, "").unwrap(),
        |session| session.insert(USER_HASH, 7).unwrap(),
        |session| {
            let upper = auth_hash().to_uppercase();
            session.insert(USER_HASH, upper).unwrap();
        },
    ];
    for damage in damage {
        let (world, auth) = (World::new(|policy| policy), auth());
        let cookie = signed_in(&world, &auth);
        world.request(&cookie, 200, |session| {
            damage(session);
            assert_eq!(auth.check(session, PASSWORD).unwrap(), Check::Ended);
        });
        assert_eq!(world.rows(), 0);
    }
}

#[test]
fn a_backend_that_is_not_listed_signs_nobody_in_and_ends_nothing() {
    let (world, auth) = (World::new(|policy| policy), auth());
    let cookie = signed_in(&world, &auth);
    let other = auth.clone().backends(["shop.auth.Tokens"]);
    let seen = world.request(&cookie, 200, |session| {
        assert_eq!(other.signed_in(session), None);
        assert_eq!(other.check(session, PASSWORD).unwrap(), Check::Anonymous);
    });
    assert_eq!((seen.effect(&cookie), world.rows()), ("-", 1));
    world.request(&cookie, 200, |session| {
        let both = other.clone().backends(["shop.auth.Tokens", MODEL_BACKEND]);
        let signed_in = both.signed_in(session).unwrap();
        assert_eq!((&*signed_in.id, &*signed_in.backend), ("7", MODEL_BACKEND));
        session.remove(USER_BACKEND).unwrap();
        assert_eq!(both.signed_in(session), None);
    });
}

#[test]
fn nobody_has_no_password_to_update_and_no_empty_id() {
    let (world, auth) = (World::new(|policy| policy), auth());
    world.request("", 200, |session| {
        let error = auth.update(session, CHANGED).unwrap_err();
        assert!(matches!(error, SessionError::NotSignedIn));
        let error = auth.login(session, &User::new("", PASSWORD)).unwrap_err();
        assert!(matches!(error, SessionError::Owner { length: 0 }));
        assert_eq!(auth.check(session, PASSWORD).unwrap(), Check::Anonymous);
    });
}

#[test]
fn secrets_are_in_no_debug_text() {
    let user = format!("{:?}", User::new("7", PASSWORD));
    assert!(user.contains('7') && !user.contains("pbkdf2"), "{user}");
    let auth = format!("{:?} {:?}", auth(), Signer::sessions(&keys()));
    assert!(auth.contains("AuthHasher(2 keys)"), "{auth}");
    assert!(auth.contains("Signer(2 keys)"), "{auth}");
}
