//! Ids, policies, stores and sources of random bytes that don't go together.

use super::*;

#[test]
fn what_is_no_plain_id_reaches_no_store() {
    let world = World::new(plain);
    let old = world.begin();
    let upper = old.to_uppercase();
    let long = format!("{old}{old}");
    for bad in [
        &*upper,
        &long,
        "short",
        "",
        "abcdefgh'--",
        "AAAAAAAAAAAAAAAAAAAAAAABAgMEBQYHCAkKCwwNDg8QERIT",
    ] {
        let seen = world.request(bad, 200, |session| assert!(!session.exists()));
        assert_eq!(seen.calls, [""; 0], "{bad}");
    }
    // The quotes that Django's cookies may have.
    let seen = world.request(&format!("\"{old}\""), 200, |session| {
        assert!(session.exists());
    });
    assert_eq!(seen.calls, ["load"]);
}

#[test]
fn a_logout_without_a_load_ends_each_session_that_was_presented() {
    let world = World::new(plain);
    let cookies = [world.begin(), world.begin()];
    let header = cookies
        .each_ref()
        .map(|cookie| format!("sessionid={cookie}"))
        .join("; ");
    let exchange = session_core::Exchange::open(&world.policy, [header.as_bytes()]);
    let seen = world.finish(exchange.destroy(), 200);
    assert_eq!((seen.calls.len(), world.rows()), (2, 0));
}

#[test]
fn a_name_under_which_django_reads_no_cookie_is_refused() {
    for name in ["path", "Expires", "Max-Age", "partitioned"] {
        let named = || Policy::builder().cookie_name(name);
        assert!(named().build().is_ok(), "{name}");
        let message = named().plain_ids().build().unwrap_err().to_string();
        assert!(message.starts_with("cookie_name: "), "{message}");
        assert!(message.contains("Django reads no such cookie"), "{message}");
    }
}

#[test]
fn a_policy_and_a_store_of_different_ids_are_not_joined() {
    let plain = || Policy::builder().plain_ids().build().unwrap();
    Sessions::new(plain(), ModelStore::of_plain_ids());
    for (policy, store) in [
        (plain(), ModelStore::new()),
        (Policy::default(), ModelStore::of_plain_ids()),
    ] {
        let joined = catch_unwind(AssertUnwindSafe(|| Sessions::new(policy, store)));
        let message = joined.unwrap_err();
        let message = message.downcast_ref::<String>().unwrap();
        assert!(message.contains("plain_ids"), "{message}");
    }
}

#[test]
fn a_store_whose_sessions_stay_under_their_keys_moves_none() {
    let store = ModelStore::new();
    let (key, record) = (&session_testkit::key_of(1), &session_testkit::record_of(1));
    let command = session_core::Command::Move {
        key,
        to: &session_testkit::key_of(2),
        expected: record.revision,
        record,
    };
    assert_eq!(command.key(), key);
    let moved = store.write(command, session_testkit::moment_at(0));
    let refused = pollster::block_on(moved).unwrap_err();
    assert!(refused.to_string().contains("plain"), "{refused}");
}

/// A source of which no byte can be a character.
#[derive(Debug)]
struct Ones;

impl Entropy for Ones {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(255);
        Ok(())
    }
}

#[test]
fn a_source_without_a_usable_byte_is_an_error() {
    let policy = plain(Policy::builder()).danger_entropy(Ones);
    let sessions = Sessions::new(policy.build().unwrap(), ModelStore::of_plain_ids());
    let request = sessions.open([]);
    let failed = pollster::block_on(async {
        write(&request.handle().load().await.unwrap());
        request.commit(200).await.unwrap_err()
    });
    let (error, reply) = failed.into_parts();
    assert!(matches!(error, SessionError::Entropy(_)), "{error}");
    assert_eq!(reply.set_cookie(), None);
}
