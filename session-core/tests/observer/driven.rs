//! What the async driver tells: revocations from outside of requests, and outages where they happen.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pollster::block_on;
use session_core::{EventKind as Kind, Policy, Revoke, SessionError, Sessions, SignIn, Tag};

use crate::notes::{Line, Notes};
use crate::util::id_of;
use crate::util::shelf::Shelf;

const DOWN: &str = "session store unavailable: the store is down";

fn scene() -> (Arc<Shelf>, Sessions, Notes) {
    let (shelf, notes) = (Arc::new(Shelf::default()), Notes::default());
    let policy = Policy::builder().observer(notes.clone()).build().unwrap();
    let sessions = Sessions::shared(policy, Arc::clone(&shelf) as _);
    (shelf, sessions, notes)
}

fn sign_in(sessions: &Sessions, owner: impl Into<SignIn>) -> String {
    let request = sessions.open([]);
    let session = block_on(request.handle().load()).unwrap();
    session.sign_in(owner).unwrap();
    id_of(&block_on(request.commit(200)).unwrap()).unwrap()
}

#[test]
fn a_revocation_is_told_with_its_author() {
    let (_, sessions, notes) = scene();
    let tag = Tag::of("https://login.example", "08a5019c").unwrap();
    for _ in 0..2 {
        sign_in(&sessions, SignIn::of("ada").tag(&tag));
    }
    notes.take();
    let by = |whom: &str| Line::new(Kind::Revoked).because(whom);
    let devices = block_on(sessions.devices("ada")).unwrap();
    let one = devices[0].public_id;
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::One(&one))).unwrap(),
        1
    );
    assert_eq!(notes.take(), [by("by the application").of(one).ada()]);
    assert_eq!(
        block_on(sessions.revoke("ada", Revoke::One(&one))).unwrap(),
        0
    );
    assert_eq!(notes.take(), []);
    assert_eq!(block_on(sessions.revoke_tagged(&tag)).unwrap(), 1);
    assert_eq!(notes.take(), [by("by a tag")]);
    sign_in(&sessions, "ada");
    sign_in(&sessions, "eve");
    notes.take();
    assert_eq!(block_on(sessions.revoke_everybody()).unwrap(), 2);
    assert_eq!(
        notes.take(),
        [by("by the application, for everybody").times(2)]
    );
}

#[test]
fn an_owners_revocation_is_told_once_and_is_no_logout() {
    let (_, sessions, notes) = scene();
    let cookie = format!("__Host-session={}", sign_in(&sessions, "ada"));
    notes.take();
    let request = sessions.open([cookie.as_bytes()]);
    let session = block_on(request.handle().load()).unwrap();
    assert_eq!(block_on(session.revoke(Revoke::All)).unwrap(), 1);
    let _ = block_on(request.commit(200)).unwrap();
    assert_eq!(
        notes.take(),
        [Line::new(Kind::Revoked).ada().because("by the owner")]
    );
}

#[test]
fn an_outage_is_told_where_it_happens_and_not_again_by_the_answer() {
    let (shelf, sessions, notes) = scene();
    let id = sign_in(&sessions, "ada");
    let cookie = format!("__Host-session={id}");
    notes.take();
    shelf.is_down.store(true, Ordering::Relaxed);
    let request = sessions.open([cookie.as_bytes()]);
    let error = block_on(request.handle().load()).unwrap_err();
    let handle = crate::util::key_of(&id).public_id();
    let failed = Line::new(Kind::StoreFailed).because(DOWN);
    assert_eq!(notes.take(), [failed.clone().of(handle)]);
    let _ = request.refuse(&error.failure());
    assert_eq!(notes.take(), []);
    let error = block_on(sessions.revoke("ada", Revoke::All)).unwrap_err();
    assert_eq!(notes.take(), [failed.clone().ada()]);
    // A handler passes it on.
    let _ = request.refuse(&SessionError::from(error).failure());
    assert_eq!(notes.take(), []);
    assert!(block_on(sessions.devices("ada")).is_err());
    assert_eq!(notes.take(), [failed.ada()]);
}

#[cfg(feature = "sealed")]
mod sealed {
    use std::sync::atomic::AtomicU64;

    use async_trait::async_trait;
    use session_core::{Epochs, Sealed, SealingKeys, StoreError};

    use super::*;

    #[derive(Debug, Clone, Default)]
    struct Column(Arc<AtomicU64>);

    #[async_trait]
    impl Epochs for Column {
        async fn epoch(&self, _: &str) -> Result<u64, StoreError> {
            Ok(self.0.load(Ordering::SeqCst))
        }
    }

    fn kinds_of(sessions: &Sessions, notes: &Notes, value: &str) -> Vec<Line> {
        let cookie = format!("__Host-session={value}");
        let request = sessions.open([cookie.as_bytes()]);
        block_on(request.handle().load()).unwrap();
        let lines = notes.take().into_iter();
        lines
            .map(|line| Line {
                session: None,
                ..line
            })
            .collect()
    }

    #[test]
    fn a_cookie_that_does_not_open_is_tampered_with_and_one_of_an_old_epoch_is_revoked() {
        let (column, notes) = (Column::default(), Notes::default());
        let keys = SealingKeys::new("a secret of 32 characters or more").unwrap();
        let sealed = Sealed::by(keys).in_epochs(column.clone());
        let policy = Policy::builder().observer(notes.clone()).build().unwrap();
        let sessions = Sessions::sealed(policy, sealed);
        let id = sign_in(&sessions, "ada");
        assert_eq!(notes.kinds(), [Kind::SignedIn]);
        assert_eq!(kinds_of(&sessions, &notes, &id), []);
        let changed = format!("{}{}", &id[..id.len() - 8], "AAAAAAAA");
        let tampered = Line::new(Kind::Tampered);
        assert_eq!(kinds_of(&sessions, &notes, &changed), [tampered]);
        column.0.fetch_add(1, Ordering::SeqCst);
        let revoked = Line::new(Kind::Revoked)
            .ada()
            .because("by the owner's epoch");
        assert_eq!(kinds_of(&sessions, &notes, &id), [revoked]);
        assert_eq!(kinds_of(&sessions, &notes, &id), []);
    }

    #[test]
    fn a_session_that_no_cookie_holds_is_over_the_limit() {
        let notes = Notes::default();
        let keys = SealingKeys::new("a secret of 32 characters or more").unwrap();
        let policy = Policy::builder().observer(notes.clone()).build().unwrap();
        let sessions = Sessions::sealed(policy, Sealed::by(keys));
        let request = sessions.open([]);
        let session = block_on(request.handle().load()).unwrap();
        session.insert("k", "x".repeat(5_000)).unwrap();
        assert!(block_on(session.save()).is_err());
        assert_eq!(notes.kinds(), [Kind::Created, Kind::OverLimit]);
        // The answer adds nothing, unless it is another time.
        session.insert("k", "x".repeat(5_001)).unwrap();
        assert!(block_on(session.save()).is_err());
        assert_eq!(notes.kinds(), []);
        session.remove("k").unwrap();
        block_on(session.save()).unwrap();
        session.insert("k", "x".repeat(5_000)).unwrap();
        let failed = block_on(request.commit(200)).unwrap_err();
        assert!(matches!(failed.error(), SessionError::TooLarge { .. }));
        assert_eq!(notes.kinds(), [Kind::OverLimit]);
    }
}
